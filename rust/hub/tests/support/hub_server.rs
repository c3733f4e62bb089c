//! A hub on loopback that answers as it is told to, and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::model_files::{COMMIT, ModelFiles};

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Path and query.
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
    /// The first byte of the range that was asked for.
    pub(crate) from_byte: Option<usize>,
    /// How often this target was asked for before.
    pub(crate) times_before: usize,
}

impl Request {
    /// The file that is asked for; `None` for the list of files.
    pub(crate) fn file(&self) -> Option<&str> {
        let prefix = format!("/owner/name/resolve/{COMMIT}/");
        self.target.strip_prefix(&prefix)
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// What `Content-Length` says; `None` leaves it out, so that the body ends with the connection.
    announced: Option<usize>,
    /// Whether the connection stays open after the body until the client goes away.
    is_held: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self {
            status,
            headers: Vec::new(),
            announced: Some(body.len()),
            body,
            is_held: false,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn redirect(to: impl Into<String>) -> Self {
        Self::new(302, "").header("Location", to)
    }

    /// The connection breaks after so many bytes of the body.
    pub(crate) fn cut_after(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self
    }

    /// Nothing more comes after so many bytes of the body, and the connection stays open.
    pub(crate) fn silent_after(self, bytes: usize) -> Self {
        Self {
            is_held: true,
            ..self.cut_after(bytes)
        }
    }

    pub(crate) fn without_length(mut self) -> Self {
        self.announced = None;
        self
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Answer\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(length) = self.announced {
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        head + "\r\n"
    }
}

/// As a hub answers that holds these files: with ranges, and 404 for what it does not have.
pub(crate) fn honest(files: &ModelFiles, request: &Request) -> Reply {
    if request.target == "/api/models/owner/name/revision/main?blobs=true" {
        let listing = files.listing().to_string();
        return Reply::new(200, listing).header("Content-Type", "application/json");
    }
    let known = |name: &&str| files.files.iter().any(|(own, _)| own == name);
    match request.file().filter(known) {
        Some(name) => range(files.bytes(name), request.from_byte),
        None => Reply::new(404, "not here"),
    }
}

/// The bytes from a place on, or all of them.
pub(crate) fn range(bytes: &[u8], from_byte: Option<usize>) -> Reply {
    let (length, last) = (bytes.len(), bytes.len() - 1);
    match from_byte {
        None => Reply::new(200, bytes),
        Some(first) if first > last => Reply::new(416, ""),
        Some(first) => Reply::new(206, &bytes[first..])
            .header("Content-Range", format!("bytes {first}-{last}/{length}")),
    }
}

/// A running server. It ends with the test.
pub(crate) struct HubServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl HubServer {
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
        };
        let (requests, answer) = (Arc::clone(&server.requests), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (requests, answer) = (Arc::clone(&requests), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &requests, &*answer));
            }
        });
        server
    }

    /// A hub that keeps to the rules.
    pub(crate) fn honest(files: &ModelFiles) -> Self {
        let files = files.clone();
        Self::start(move |request| honest(&files, request))
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that was asked, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The files that were asked for, in order.
    pub(crate) fn files_asked_for(&self) -> Vec<String> {
        let requests = self.requests();
        let files = requests.iter().filter_map(Request::file);
        files.map(str::to_owned).collect()
    }
}

/// A client that goes away is its right.
fn serve(
    mut stream: TcpStream,
    requests: &Mutex<Vec<Request>>,
    answer: &dyn Fn(&Request) -> Reply,
) {
    let Some(mut request) = read_request(&stream) else {
        return;
    };
    let mut before = requests.lock().unwrap();
    let same = before.iter().filter(|other| other.target == request.target);
    request.times_before = same.count();
    before.push(request.clone());
    drop(before);
    let reply = answer(&request);
    drop(stream.write_all(reply.head().as_bytes()));
    drop(stream.write_all(&reply.body));
    if reply.is_held {
        drop(stream.read(&mut [0]));
    }
    drop(stream.shutdown(Shutdown::Write));
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let header = |wanted: &str| {
        let split = headers.iter().filter_map(|line| line.split_once(": "));
        let mut found = split.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.next().map(|(_, value)| value.to_owned())
    };
    let range = header("range");
    let first = range
        .as_deref()
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    Some(Request {
        target,
        authorization: header("authorization"),
        from_byte: first.and_then(|first| first.parse().ok()),
        times_before: 0,
    })
}
