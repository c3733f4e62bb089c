//! `headroom pull` from a hub on loopback: arriving, going on after Ctrl-C, refusals.

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
use std::thread;
use std::time::Duration;

use hub_server::{HubServer, Reply, honest};
use model_files::ModelFiles;
use support::{headroom, refusal, text};

const WEIGHTS: &str = "model.safetensors";

/// The command with this hub, and a home of its own for the cache.
fn pull(server: &HubServer, home: &Path, model: &str) -> Command {
    let mut command = headroom(["pull", model]);
    for name in [
        "HF_TOKEN",
        "HF_TOKEN_PATH",
        "HF_HUB_CACHE",
        "HF_HUB_OFFLINE",
    ] {
        command.env_remove(name);
    }
    command
        .env("HF_ENDPOINT", server.endpoint())
        .env("HF_HOME", home);
    command
}

/// Runs it to its end and gives the directory that it prints.
fn directory_of(command: &mut Command) -> PathBuf {
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
    PathBuf::from(text(&output.stdout).trim_end())
}

#[test]
fn it_prints_the_models_directory_and_nothing_else() {
    let files = ModelFiles::small();
    let server = HubServer::honest(&files);
    let home = tempfile::tempdir().unwrap();
    let directory = directory_of(&mut pull(&server, home.path(), "owner/name"));
    assert!(directory.starts_with(home.path().join("hub/models--owner--name/snapshots")));
    assert_eq!(
        fs::read(directory.join(WEIGHTS)).unwrap(),
        files.bytes(WEIGHTS)
    );
    assert_eq!(
        directory_of(&mut pull(&server, home.path(), "owner/name")),
        directory
    );
}

#[test]
fn ctrl_c_ends_even_a_silent_download_and_the_next_run_goes_on() {
    const ARRIVING: usize = 50_000;
    let files = ModelFiles::small();
    let own = files.clone();
    let server = HubServer::start(move |request| match request.file() {
        Some(WEIGHTS) if request.times_before == 0 => honest(&own, request).silent_after(ARRIVING),
        _ => honest(&own, request),
    });
    let home = tempfile::tempdir().unwrap();
    let mut command = pull(&server, home.path(), "owner/name");
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let blobs = home.path().join("hub/models--owner--name/blobs");
    let partial = blobs.join(format!(
        "{}.incomplete",
        model_files::sha256(files.bytes(WEIGHTS))
    ));
    while fs::metadata(&partial).map_or(0, |found| found.len()) < ARRIVING as u64 {
        thread::sleep(Duration::from_millis(5));
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("run it again to go on"), "{said}");
    assert_eq!(text(&output.stdout), "");

    let directory = directory_of(&mut pull(&server, home.path(), "owner/name"));
    assert_eq!(
        fs::read(directory.join(WEIGHTS)).unwrap(),
        files.bytes(WEIGHTS)
    );
    let requests = server.requests();
    let last = requests
        .iter()
        .rfind(|request| request.file() == Some(WEIGHTS));
    assert_eq!(last.unwrap().from_byte, Some(ARRIVING));
}

#[test]
fn a_refusal_of_the_hub_is_a_failure_with_its_sentence() {
    let server = HubServer::start(|_| Reply::new(401, "gated"));
    let home = tempfile::tempdir().unwrap();
    let refusal = refusal(&mut pull(&server, home.path(), "Llama-3.2-1B"));
    assert_eq!(refusal.exit_code, 1);
    assert!(
        refusal
            .sentence
            .contains("mlx-community/Llama-3.2-1B-Instruct-4bit")
    );
    assert!(
        refusal.sentence.contains("HF_TOKEN"),
        "{}",
        refusal.sentence
    );
    assert!(!home.path().join("hub").exists());
}

#[test]
fn a_name_that_is_no_model_is_wrong_use() {
    let server = HubServer::honest(&ModelFiles::small());
    let home = tempfile::tempdir().unwrap();
    for (model, part) in [
        ("Qwen9-1B", "the nearest are Qwen3"),
        ("../x", "is no directory"),
        ("a/b/c", "owner/name"),
    ] {
        let refusal = refusal(&mut pull(&server, home.path(), model));
        assert_eq!(refusal.exit_code, 2, "{model}");
        assert!(refusal.sentence.contains(part), "{}", refusal.sentence);
    }
    assert!(server.requests().is_empty());
}

#[test]
fn an_endpoint_that_is_no_address_is_wrong_use() {
    let server = HubServer::honest(&ModelFiles::small());
    let home = tempfile::tempdir().unwrap();
    let mut command = pull(&server, home.path(), "owner/name");
    let refusal = refusal(command.env("HF_ENDPOINT", "nowhere"));
    assert_eq!(refusal.exit_code, 2);
    assert!(
        refusal.sentence.contains("HF_ENDPOINT"),
        "{}",
        refusal.sentence
    );
}

#[test]
fn offline_it_asks_nothing_and_gives_what_the_cache_has() {
    let server = HubServer::honest(&ModelFiles::small());
    let home = tempfile::tempdir().unwrap();
    let offline = |home: &Path| {
        let mut command = pull(&server, home, "owner/name");
        command.env("HF_HUB_OFFLINE", "1");
        command
    };
    let refusal = refusal(&mut offline(home.path()));
    assert_eq!(refusal.exit_code, 1);
    assert!(
        refusal.sentence.contains("HF_HUB_OFFLINE"),
        "{}",
        refusal.sentence
    );
    assert!(server.requests().is_empty());
    let directory = directory_of(&mut pull(&server, home.path(), "owner/name"));
    assert_eq!(directory_of(&mut offline(home.path())), directory);
}
