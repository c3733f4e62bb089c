//! `headroom train base` on shards of a hub on loopback: few of them lie on the disk, what was ended goes
//! on, and what the hub cannot give is left out or refused.

mod support;

#[path = "../../hub/tests/support/hub_server.rs"]
#[allow(dead_code, reason = "the hub's own tests use the rest")]
mod hub_server;
#[path = "../../hub/tests/support/model_files.rs"]
#[allow(dead_code, reason = "the hub's own tests use the rest")]
mod model_files;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use hub_server::{HubServer, Reply, Request, range};
use model_files::{COMMIT, ModelFiles};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::{headroom, refusal, text};
use tempfile::TempDir;

/// The last one validates.
const SHARDS: [&str; 6] = [
    "0.parquet",
    "1.parquet",
    "2.parquet",
    "3.parquet",
    "4.parquet",
    "5.parquet",
];
/// Shards that may lie on the disk.
const MOST: usize = 2;

fn shard(name: &str) -> Vec<u8> {
    let schema = parse_message_type("message shard { required binary text (UTF8); }").unwrap();
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default()).unwrap();
    let texts = (0..30).map(|number| format!("In shard {name} the fox met hen {number} at night."));
    let texts: Vec<ByteArray> = texts.map(|text| text.into_bytes().into()).collect();
    let mut group = file.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let values = column.typed::<ByteArrayType>();
    values.write_batch(&texts, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    file.into_inner().unwrap()
}

fn shards() -> ModelFiles {
    ModelFiles {
        files: SHARDS.map(|name| (name, shard(name))).to_vec(),
    }
}

/// The shard that is asked for; `None` for anything else.
fn shard_of(request: &Request) -> Option<&str> {
    let prefix = format!("/datasets/owner/name/resolve/{COMMIT}/");
    request.target.strip_prefix(&prefix)
}

fn honest(files: &ModelFiles, request: &Request) -> Reply {
    match shard_of(request) {
        Some(name) => range(files.bytes(name), request.from_byte),
        None if request.target.starts_with("/api/datasets/owner/name/") => {
            Reply::new(200, files.listing().to_string())
        }
        None => Reply::new(404, "not here"),
    }
}

/// Whole shards and parts of shards in a cache.
fn cached(home: &Path) -> usize {
    let blobs = home.join("hub/headroom-shards/datasets--owner--name/blobs");
    fs::read_dir(blobs).map_or(0, Iterator::count)
}

/// A hub, a home for its cache, and the outputs of runs.
struct Workplace {
    folder: TempDir,
    server: HubServer,
    /// Most shards on the disk whenever one was asked for; that one's file is begun by then.
    most_cached: Arc<AtomicUsize>,
}

impl Workplace {
    /// With a hub that answers for some shards in its own way.
    fn new(answer: impl Fn(&str, &Request) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let (folder, files) = (TempDir::new().unwrap(), shards());
        let most_cached = Arc::new(AtomicUsize::new(0));
        let (home, most) = (folder.path().to_owned(), Arc::clone(&most_cached));
        let server = HubServer::start(move |request| {
            let own = shard_of(request).and_then(|name| {
                most.fetch_max(cached(&home), Ordering::Relaxed);
                answer(name, request)
            });
            own.unwrap_or_else(|| honest(&files, request))
        });
        Self {
            folder,
            server,
            most_cached,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A run of little more than an epoch.
    fn train(&self, data: &str, output: &str, more: &[&str]) -> Command {
        let fixed = "train base --depth 2 --vocab 300 --context 32 \
            --device-batch-size 4 --total-batch-size 128 --num-iterations 60 --eval-every 30 \
            --eval-tokens 100 --save-every 2 --max-cached-shards 2";
        let mut command = headroom(fixed.split_whitespace());
        command.args(["--data", data]).args(more);
        command.arg("--output").arg(self.path(output));
        for name in [
            "HF_TOKEN",
            "HF_TOKEN_PATH",
            "HF_HUB_CACHE",
            "HF_HUB_OFFLINE",
        ] {
            command.env_remove(name);
        }
        command.env("HF_ENDPOINT", self.server.endpoint());
        command.env("HF_HOME", self.folder.path());
        command
    }

    /// Trains to the end, and gives what was said on the way.
    fn finish(&self, output: &str, more: &[&str]) -> String {
        let ended = self.train("owner/name", output, more).output().unwrap();
        let said = text(&ended.stderr);
        assert!(ended.status.success(), "{said}");
        said
    }

    fn losses(&self, output: &str) -> Vec<(u64, String)> {
        let log = fs::read_to_string(self.path(output).join("log.jsonl")).unwrap_or_default();
        let records = log
            .lines()
            .map_while(|line| serde_json::from_str::<Value>(line).ok());
        let steps = records.filter(|record| record.get("learning_rate").is_some());
        steps
            .map(|step| (step["step"].as_u64().unwrap(), step["loss"].to_string()))
            .collect()
    }

    /// How often a shard was asked for.
    fn asked(&self, name: &str) -> usize {
        let requests = self.server.requests();
        let asked = requests.iter().filter_map(shard_of);
        asked.filter(|asked| *asked == name).count()
    }

    fn wait_until_asked_for(&self, shard: &str) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.asked(shard) == 0 {
            assert!(Instant::now() < deadline, "nobody asked for {shard}");
            sleep(Duration::from_millis(50));
        }
    }

    /// Lets a run get as far as it can without a shard that it asks for in vain.
    fn wait_until_it_waits(&self, output: &str, shard: &str, asked: usize) {
        let deadline = Instant::now() + Duration::from_secs(120);
        let mut steps = 0;
        loop {
            assert!(Instant::now() < deadline, "it did not get there");
            sleep(Duration::from_millis(300));
            let now = self.losses(output).len();
            if now > 0 && now == steps && self.asked(shard) >= asked {
                return;
            }
            steps = now;
        }
    }
}

#[test]
fn it_trains_on_all_shards_and_few_of_them_lie_on_the_disk() {
    let workplace = Workplace::new(|_, _| None);
    let said = workplace.finish("run", &["--streaming"]);
    assert!(said.contains("learned a tokenizer"), "{said}");
    assert!(!said.contains("left out"), "{said}");
    assert_eq!(workplace.losses("run").len(), 60);
    let asked = SHARDS.map(|name| workplace.asked(name));
    assert_eq!(asked[5], 1, "what validates stays");
    assert!(
        asked[0] > 2 && asked.iter().take(5).all(|asked| *asked >= 2),
        "{asked:?}"
    );
    assert!(cached(workplace.folder.path()) <= MOST);
    assert_eq!(workplace.most_cached.load(Ordering::Relaxed), MOST);
}

#[test]
fn interrupted_and_killed_while_the_hub_is_silent_it_comes_to_the_same_losses() {
    let whole = Workplace::new(|_, _| None);
    whole.finish("run", &["--streaming"]);

    let is_silent = Arc::new(AtomicBool::new(true));
    let is_still_silent = Arc::clone(&is_silent);
    let workplace = Workplace::new(move |name, request| {
        // The first time, a tokenizer is learned.
        let is_held = name == SHARDS[3] && request.times_before > 0;
        (is_held && is_still_silent.load(Ordering::Relaxed))
            .then(|| honest(&shards(), request).silent_after(20))
    });
    let start = |more: &[&str]| {
        let mut command = workplace.train("owner/name", "run", more);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let interrupted = start(&["--streaming"]);
    workplace.wait_until_it_waits("run", SHARDS[3], 2);
    kill_process(Pid::from_child(&interrupted), Signal::INT).unwrap();
    let ended = interrupted.wait_with_output().unwrap();
    let said = (text(&ended.stdout), text(&ended.stderr));
    assert_eq!(ended.status.code(), Some(130), "{said:?}");
    let steps = workplace.losses("run").len();
    let sentence = format!("stopped and saved after {steps} of 60 steps");
    assert!(said.0.contains(&sentence), "{said:?}");

    let mut killed = start(&["--streaming", "--resume"]);
    workplace.wait_until_it_waits("run", SHARDS[3], 3);
    killed.kill().unwrap();
    killed.wait().unwrap();
    is_silent.store(false, Ordering::Relaxed);
    workplace.finish("run", &["--streaming", "--resume"]);
    assert_eq!(workplace.losses("run"), whole.losses("run"));
    assert!(cached(workplace.folder.path()) <= MOST);
    assert_eq!(workplace.most_cached.load(Ordering::Relaxed), MOST);
}

#[test]
fn it_can_be_interrupted_while_words_are_counted_and_while_the_validating_shard_comes() {
    for (silent, sentence) in [
        (SHARDS[3], "error: training the tokenizer was cancelled"),
        (SHARDS[5], "stopped and saved after 30 of 60 steps"),
    ] {
        let workplace = Workplace::new(move |name, request| {
            (name == silent).then(|| honest(&shards(), request).silent_after(20))
        });
        let mut command = workplace.train("owner/name", "run", &["--streaming"]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = command.spawn().unwrap();
        workplace.wait_until_asked_for(silent);
        let interrupted = Instant::now();
        kill_process(Pid::from_child(&run), Signal::INT).unwrap();
        let ended = run.wait_with_output().unwrap();
        let said = text(&ended.stdout) + &text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(130), "{said}");
        assert!(said.contains(sentence), "{said}");
        // The hub's silence is bounded by half a minute.
        assert!(interrupted.elapsed() < Duration::from_secs(15), "{said}");
    }
}

#[test]
fn a_shard_that_is_missing_or_corrupt_is_left_out_with_a_warning_or_refused() {
    let missing: fn(&str, &Request) -> Option<Reply> =
        |name, _| (name == SHARDS[1]).then(|| Reply::new(404, "not here"));
    let corrupt: fn(&str, &Request) -> Option<Reply> = |name, request| {
        let mut bytes = shard(name);
        bytes[40] ^= 1;
        (name == SHARDS[1]).then(|| range(&bytes, request.from_byte))
    };
    for (answer, reason) in [(missing, "the hub has no"), (corrupt, "another checksum")] {
        let workplace = Workplace::new(answer);
        let said = workplace.finish("run", &["--streaming"]);
        assert_eq!(workplace.losses("run").len(), 60);
        let mut lines = said.lines();
        let warning = lines.find(|line| line.starts_with("warning: ")).unwrap();
        assert!(warning.contains("shards left out: 1"), "{warning}");
        assert!(
            warning.contains(SHARDS[1]) && warning.contains(reason),
            "{warning}"
        );

        let tokenizer = workplace.path("run/tokenizer");
        let more = [
            "--streaming",
            "--strict",
            "--tokenizer",
            tokenizer.to_str().unwrap(),
        ];
        let refused = workplace
            .train("owner/name", "strict", &more)
            .output()
            .unwrap();
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        let errors: Vec<_> = said
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert_eq!(errors.len(), 1, "{said}");
        let start = format!("error: shard {} cannot be read: ", SHARDS[1]);
        assert!(
            errors[0].starts_with(&start) && errors[0].contains(reason),
            "{said}"
        );
    }
}

#[test]
fn a_name_that_is_no_directory_is_looked_for_on_the_hub_and_the_refusal_says_both() {
    let workplace = Workplace::new(|_, _| None);
    workplace.finish("run", &[]);
    assert!(workplace.asked(SHARDS[0]) > 0);
    let refused = refusal(&mut workplace.train("owner/nothing", "other", &[]));
    assert_eq!(refused.exit_code, 1);
    let sentence = &refused.sentence;
    assert!(
        sentence.contains("owner/nothing is no file or directory"),
        "{sentence}"
    );
    assert!(sentence.contains("the hub has no"), "{sentence}");
}
