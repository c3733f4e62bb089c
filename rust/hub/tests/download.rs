//! What a download does with a hub that keeps to the rules, and with a network that does not.

mod support;

use std::fs;
use std::ops::ControlFlow;

use headroom_hub::{Fetch, HubError, Token};
use support::hub_server::{HubServer, Reply, honest, range};
use support::model_files::{COMMIT, ModelFiles};
use support::{REPOSITORY, Workplace, go_on, repository};

const WEIGHTS: &str = "model.safetensors";

#[test]
fn a_model_arrives_whole_and_only_with_what_it_needs() {
    let files = ModelFiles::small();
    let server = HubServer::honest(&files);
    let workplace = Workplace::new(&server);
    let directory = workplace.download().unwrap();
    for name in ["config.json", WEIGHTS, "tokenizer.json"] {
        assert_eq!(
            fs::read(directory.join(name)).unwrap(),
            files.bytes(name),
            "{name}"
        );
    }
    assert!(directory.ends_with(format!("models--owner--name/snapshots/{COMMIT}")));
    assert_eq!(
        server.files_asked_for(),
        ["config.json", WEIGHTS, "tokenizer.json"]
    );
    assert_eq!(workplace.hub().cached(&repository()), Some(directory));
}

#[test]
fn what_is_there_already_is_not_downloaded_again() {
    let server = HubServer::honest(&ModelFiles::small());
    let workplace = Workplace::new(&server);
    let first = workplace.download().unwrap();
    let asked = server.files_asked_for().len();
    assert_eq!(workplace.download().unwrap(), first);
    assert_eq!(server.files_asked_for().len(), asked);
}

#[test]
fn a_file_missing_from_a_snapshot_of_another_tool_is_added() {
    let server = HubServer::honest(&ModelFiles::small());
    let workplace = Workplace::new(&server);
    let directory = workplace.download().unwrap();
    fs::remove_file(directory.join("tokenizer.json")).unwrap();
    assert_eq!(workplace.hub().cached(&repository()), None);
    let resolved = workplace
        .hub()
        .resolve(REPOSITORY, Fetch::IfMissing, &mut go_on);
    assert_eq!(resolved.unwrap(), directory);
    assert!(directory.join("tokenizer.json").is_file());
}

#[test]
fn progress_rises_from_file_to_file_up_to_the_total() {
    let files = ModelFiles::small();
    let workplace = Workplace::new(&HubServer::honest(&files));
    let mut heard = Vec::new();
    let mut listen = |progress: headroom_hub::DownloadProgress| {
        heard.push((
            progress.file.to_owned(),
            progress.done_bytes,
            progress.total_bytes,
        ));
        ControlFlow::Continue(())
    };
    workplace
        .hub()
        .download(&repository(), &mut listen)
        .unwrap();
    let total: usize = files.files[1..].iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(
        heard
            .iter()
            .all(|(_, _, announced)| *announced == total as u64)
    );
    assert!(heard.is_sorted_by_key(|(_, done, _)| *done));
    assert_eq!(
        heard.last().unwrap(),
        &("tokenizer.json".to_owned(), total as u64, total as u64)
    );
}

#[test]
fn a_connection_cut_at_half_is_continued_with_a_range_and_gives_the_same_bytes() {
    let files = ModelFiles::small();
    let (half, own) = (files.bytes(WEIGHTS).len() / 2, files.clone());
    let server = HubServer::start(move |request| match request.file() {
        Some(WEIGHTS) if request.times_before == 0 => honest(&own, request).cut_after(half),
        _ => honest(&own, request),
    });
    let workplace = Workplace::new(&server);
    let directory = workplace.download().unwrap();
    assert_eq!(
        fs::read(directory.join(WEIGHTS)).unwrap(),
        files.bytes(WEIGHTS)
    );
    let ranges: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| request.file() == Some(WEIGHTS))
        .map(|request| request.from_byte)
        .collect();
    assert_eq!(ranges, [None, Some(half)]);
}

#[test]
fn a_stopped_download_goes_on_where_it_was_in_another_run() {
    let files = ModelFiles::small();
    let own = files.clone();
    let server = HubServer::start(move |request| match request.file() {
        Some(WEIGHTS) if request.times_before == 0 => honest(&own, request).cut_after(50_000),
        _ => honest(&own, request),
    });
    let workplace = Workplace::new(&server);
    let mut stop = |progress: headroom_hub::DownloadProgress| match progress.done_bytes > 1000 {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let stopped = workplace
        .hub()
        .download(&repository(), &mut stop)
        .unwrap_err();
    let HubError::Stopped {
        done_bytes,
        total_bytes,
        ..
    } = stopped
    else {
        panic!("{stopped}");
    };
    assert!(1000 < done_bytes && done_bytes < total_bytes);
    assert_eq!(workplace.hub().cached(&repository()), None);
    assert_eq!(
        workplace.whole_blobs().len(),
        1,
        "only config.json is whole"
    );

    let directory = workplace.download().unwrap();
    assert_eq!(
        fs::read(directory.join(WEIGHTS)).unwrap(),
        files.bytes(WEIGHTS)
    );
    let went_on = server
        .requests()
        .into_iter()
        .rfind(|request| request.file() == Some(WEIGHTS));
    let config_bytes = files.bytes("config.json").len() as u64;
    assert_eq!(
        went_on.unwrap().from_byte.map(|byte| byte as u64),
        Some(done_bytes - config_bytes)
    );
}

#[test]
fn a_hub_that_knows_no_ranges_sends_the_file_anew() {
    let files = ModelFiles::small();
    let own = files.clone();
    let server = HubServer::start(move |request| match request.file() {
        Some(WEIGHTS) if request.times_before == 0 => honest(&own, request).cut_after(5000),
        Some(WEIGHTS) => range(own.bytes(WEIGHTS), None),
        _ => honest(&own, request),
    });
    let workplace = Workplace::new(&server);
    let directory = workplace.download().unwrap();
    assert_eq!(
        fs::read(directory.join(WEIGHTS)).unwrap(),
        files.bytes(WEIGHTS)
    );
}

#[test]
fn a_hub_that_cannot_go_on_from_there_is_asked_for_the_whole_file() {
    let files = ModelFiles::small();
    let own = files.clone();
    let server = HubServer::start(move |request| match (request.file(), request.from_byte) {
        (Some(WEIGHTS), Some(_)) => Reply::new(416, ""),
        (Some(WEIGHTS), None) if request.times_before == 0 => honest(&own, request).cut_after(5000),
        _ => honest(&own, request),
    });
    let workplace = Workplace::new(&server);
    let directory = workplace.download().unwrap();
    assert_eq!(
        fs::read(directory.join(WEIGHTS)).unwrap(),
        files.bytes(WEIGHTS)
    );
}

#[test]
fn redirects_to_another_path_and_to_another_port_are_followed_with_the_range() {
    let files = ModelFiles::small();
    let own = files.clone();
    let storage = HubServer::start(move |request| {
        let reply = range(own.bytes(WEIGHTS), request.from_byte);
        if request.times_before == 0 {
            reply.cut_after(5000)
        } else {
            reply
        }
    });
    let (own, elsewhere) = (files.clone(), storage.endpoint());
    let server = HubServer::start(move |request| match request.file() {
        Some("config.json") => Reply::redirect("/moved/config.json"),
        Some(WEIGHTS) => Reply::redirect(format!("{elsewhere}/weights")),
        _ if request.target == "/moved/config.json" => Reply::new(200, own.bytes("config.json")),
        _ => honest(&own, request),
    });
    let workplace = Workplace::new(&server);
    let directory = workplace.download().unwrap();
    assert_eq!(
        fs::read(directory.join(WEIGHTS)).unwrap(),
        files.bytes(WEIGHTS)
    );
    assert_eq!(storage.requests()[1].from_byte, Some(5000));
}

#[test]
fn the_token_goes_to_the_hub_and_to_no_other_host() {
    let files = ModelFiles::small();
    let own = files.clone();
    let storage = HubServer::start(move |_| Reply::new(200, own.bytes(WEIGHTS)));
    // Another name of the same machine is another host.
    let elsewhere = storage.endpoint().replace("127.0.0.1", "localhost");
    let own = files.clone();
    let server = HubServer::start(move |request| match request.file() {
        Some("config.json") => Reply::redirect("/moved/config.json"),
        Some(WEIGHTS) => Reply::redirect(format!("{elsewhere}/weights")),
        _ if request.target == "/moved/config.json" => Reply::new(200, own.bytes("config.json")),
        _ => honest(&own, request),
    });
    let mut workplace = Workplace::new(&server);
    workplace.settings.token = Token::new("hf_secret").ok();
    workplace.download().unwrap();
    let header = Some("Bearer hf_secret".to_owned());
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.authorization == header)
    );
    assert!(
        storage
            .requests()
            .iter()
            .all(|request| request.authorization.is_none())
    );
}

#[test]
fn a_hub_that_asks_for_a_pause_gets_it_and_is_asked_again() {
    let files = ModelFiles::small();
    let server = HubServer::start(move |request| match request.times_before {
        0 => Reply::new(429, "slow down").header("Retry-After", "0"),
        _ => honest(&files, request),
    });
    Workplace::new(&server).download().unwrap();
    assert!(
        server
            .requests()
            .iter()
            .filter(|request| request.times_before == 1)
            .count()
            == 4
    );
}

#[test]
fn a_hub_that_asks_for_pauses_without_end_is_left_alone_after_a_few() {
    let server = HubServer::start(|_| Reply::new(429, "slow down").header("Retry-After", "0"));
    let refusal = Workplace::new(&server).refusal();
    assert!(
        matches!(refusal, HubError::TooManyRequests { seconds: 0 }),
        "{refusal}"
    );
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn a_hub_that_asks_for_a_long_pause_is_not_waited_for() {
    let server = HubServer::start(|_| Reply::new(429, "slow down").header("Retry-After", "3600"));
    let sentence = Workplace::new(&server).refusal().to_string();
    assert!(sentence.contains("after 3600 s"), "{sentence}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_hub_that_fails_for_a_moment_is_asked_again() {
    let files = ModelFiles::small();
    let server = HubServer::start(move |request| match request.times_before {
        0 => Reply::new(503, "restarting"),
        _ => honest(&files, request),
    });
    Workplace::new(&server).download().unwrap();
}

#[test]
fn offline_nothing_is_asked_and_the_cache_answers() {
    let server = HubServer::honest(&ModelFiles::small());
    let mut workplace = Workplace::new(&server);
    workplace.settings.offline = true;
    let sentence = workplace.refusal().to_string();
    assert!(sentence.contains("HF_HUB_OFFLINE"), "{sentence}");
    assert!(server.requests().is_empty());

    workplace.settings.offline = false;
    let directory = workplace.download().unwrap();
    let asked = server.requests().len();
    workplace.settings.offline = true;
    assert_eq!(workplace.download().unwrap(), directory);
    let resolved = workplace
        .hub()
        .resolve(REPOSITORY, Fetch::IfMissing, &mut go_on);
    assert_eq!(resolved.unwrap(), directory);
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn a_directory_is_itself_and_a_model_that_may_not_be_fetched_is_refused() {
    let server = HubServer::honest(&ModelFiles::small());
    let workplace = Workplace::new(&server);
    let folder = workplace.folder.path().to_str().unwrap();
    let hub = workplace.hub();
    let resolved = hub.resolve(folder, Fetch::Never, &mut go_on);
    assert_eq!(resolved.unwrap(), workplace.folder.path());
    let refused = hub.resolve(REPOSITORY, Fetch::Never, &mut go_on);
    assert!(matches!(refused, Err(HubError::NotCached { .. })));
    assert!(server.requests().is_empty());
}
