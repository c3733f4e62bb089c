//! Hubs that refuse, fail or lie: a sentence each, and nothing of it in the cache.

mod support;

use headroom_hub::HubError;
use serde_json::{Value, json};
use support::Workplace;
use support::hub_server::{HubServer, Reply, Request, honest, range};
use support::model_files::ModelFiles;

const WEIGHTS: &str = "model.safetensors";

/// How a download fails of which the answers for the weights are these.
#[track_caller]
fn refusal_of_weights(
    answer: impl Fn(&[u8], &Request) -> Reply + Send + Sync + 'static,
) -> HubError {
    let files = ModelFiles::small();
    let server = HubServer::start(move |request| match request.file() {
        Some(WEIGHTS) => answer(files.bytes(WEIGHTS), request),
        _ => honest(&files, request),
    });
    let workplace = Workplace::new(&server);
    let refusal = workplace.refusal();
    assert_eq!(
        workplace.whole_blobs().len(),
        1,
        "only config.json is whole"
    );
    refusal
}

/// How a download fails of which the list of files is this one. Nothing may enter the cache.
#[track_caller]
fn refusal_of_listing(listing: Value) -> HubError {
    refusal_of_first(Reply::new(200, listing.to_string()))
}

#[track_caller]
fn refusal_of_first(reply: Reply) -> HubError {
    let server = HubServer::start(move |_| reply.clone());
    let workplace = Workplace::new(&server);
    let refusal = workplace.refusal();
    assert!(workplace.cache_entries().is_empty());
    assert!(server.files_asked_for().is_empty());
    refusal
}

/// The list of an honest hub with one change.
fn changed_listing(change: impl Fn(&mut Value)) -> Value {
    let mut listing = ModelFiles::small().listing();
    change(&mut listing);
    listing
}

#[test]
fn a_gated_repository_says_what_to_set() {
    for status in [401, 403] {
        let sentence = refusal_of_first(Reply::new(status, "gated")).to_string();
        assert!(
            sentence.contains("owner/name") && sentence.contains("HF_TOKEN"),
            "{sentence}"
        );
    }
}

#[test]
fn a_repository_or_a_file_that_is_not_there_is_named() {
    let sentence = refusal_of_first(Reply::new(404, "no")).to_string();
    assert!(sentence.contains("no model owner/name"), "{sentence}");
    let sentence = refusal_of_weights(|_, _| Reply::new(404, "no")).to_string();
    assert!(
        sentence.contains("no model.safetensors in owner/name"),
        "{sentence}"
    );
}

#[test]
fn a_web_page_in_place_of_the_list_is_refused() {
    let page = "<!doctype html><html>Sign in to the network</html>";
    let marked = Reply::new(200, page).header("Content-Type", "text/html; charset=utf-8");
    let sentence = refusal_of_first(marked).to_string();
    assert!(
        sentence.contains("a web page instead of a list of files"),
        "{sentence}"
    );
    let unmarked = refusal_of_first(Reply::new(200, page));
    assert!(matches!(unmarked, HubError::NotAHub { .. }), "{unmarked}");
}

#[test]
fn a_web_page_in_place_of_a_file_is_refused() {
    let page =
        |_: &[u8], _: &Request| Reply::new(200, "<html>").header("Content-Type", "text/html");
    let sentence = refusal_of_weights(page).to_string();
    assert!(
        sentence.contains("a web page instead of a file"),
        "{sentence}"
    );
}

#[test]
fn json_that_is_no_list_of_files_is_refused() {
    for answer in [
        json!([]),
        json!({}),
        json!({"sha": 3, "siblings": []}),
        json!("x"),
        json!({"sha": "../..", "siblings": []}),
    ] {
        let refusal = refusal_of_listing(answer.clone());
        let is_expected = matches!(refusal, HubError::NotAHub { .. } | HubError::Listing { .. });
        assert!(is_expected, "{answer}: {refusal}");
    }
}

#[test]
fn a_list_longer_than_any_repository_needs_is_not_read() {
    let endless = Reply::new(200, vec![b' '; (16 << 20) + 1]);
    let refusal = refusal_of_first(endless);
    assert!(matches!(refusal, HubError::NotAHub { .. }), "{refusal}");
}

#[test]
fn a_name_that_leads_out_of_the_cache_refuses_the_repository() {
    for name in [
        "../../../../escaped.safetensors",
        "/tmp/escaped.safetensors",
        "..\\escaped.safetensors",
    ] {
        let listing = changed_listing(|listing| listing["siblings"][0]["rfilename"] = json!(name));
        let refusal = refusal_of_listing(listing);
        assert!(
            matches!(refusal, HubError::Listing { .. }),
            "{name}: {refusal}"
        );
    }
}

#[test]
fn a_checksum_that_is_a_path_refuses_the_repository() {
    let listing = changed_listing(|listing| {
        listing["siblings"][2]["lfs"]["sha256"] = json!("../../../../escaped");
    });
    let sentence = refusal_of_listing(listing).to_string();
    assert!(
        sentence.contains("model.safetensors has no checksum"),
        "{sentence}"
    );
}

#[test]
fn a_model_larger_than_the_disk_is_refused_before_anything_is_downloaded() {
    for size_bytes in [1_u64 << 60, u64::MAX] {
        let listing = changed_listing(|listing| {
            listing["siblings"][2]["lfs"]["size"] = json!(size_bytes);
        });
        let refusal = refusal_of_listing(listing);
        assert!(matches!(refusal, HubError::DiskFull { .. }), "{refusal}");
        assert!(refusal.to_string().contains("HF_HUB_CACHE"));
    }
}

#[test]
fn other_bytes_than_announced_are_thrown_away_and_not_continued() {
    let refusal = refusal_of_weights(|bytes, request| {
        let mut other = bytes.to_vec();
        other[50_000] ^= 1;
        range(&other, request.from_byte)
    });
    assert!(
        matches!(refusal, HubError::WrongChecksum { .. }),
        "{refusal}"
    );
}

#[test]
fn a_flipped_bit_in_a_small_file_is_found_too() {
    let files = ModelFiles::small();
    let server = HubServer::start(move |request| match request.file() {
        Some("config.json") => Reply::new(200, br#"{"model_type":"Llama"}"#),
        _ => honest(&files, request),
    });
    let workplace = Workplace::new(&server);
    let refusal = workplace.refusal();
    assert!(
        matches!(refusal, HubError::WrongChecksum { .. }),
        "{refusal}"
    );
    assert!(workplace.whole_blobs().is_empty());
}

#[test]
fn a_length_other_than_announced_is_refused_before_it_is_read() {
    let refusal = refusal_of_weights(|bytes, _| Reply::new(200, &bytes[1..]));
    assert!(matches!(refusal, HubError::WrongSize { .. }), "{refusal}");
    let refusal = refusal_of_weights(|bytes, _| Reply::new(200, [bytes, b"x"].concat()));
    assert!(matches!(refusal, HubError::WrongSize { .. }), "{refusal}");
}

#[test]
fn a_body_without_a_length_is_read_no_further_than_announced() {
    let refusal = refusal_of_weights(|bytes, _| {
        Reply::new(200, [bytes, &vec![0; 1 << 20]].concat()).without_length()
    });
    assert!(matches!(refusal, HubError::WrongSize { .. }), "{refusal}");
}

#[test]
fn another_range_than_asked_for_is_refused() {
    let refusal = refusal_of_weights(|bytes, request| match request.from_byte {
        None => range(bytes, None).cut_after(5000),
        Some(first) => Reply::new(206, &bytes[first..]).header("Content-Range", "bytes 0-9/10"),
    });
    assert!(matches!(refusal, HubError::WrongSize { .. }), "{refusal}");
}

#[test]
fn a_connection_that_is_always_cut_is_given_up_and_what_arrived_is_kept() {
    let files = ModelFiles::small();
    let server = HubServer::start(move |request| match request.file() {
        Some(WEIGHTS) => honest(&files, request).cut_after(100),
        _ => honest(&files, request),
    });
    let workplace = Workplace::new(&server);
    let refusal = workplace.refusal();
    assert!(matches!(refusal, HubError::Unreachable { .. }), "{refusal}");
    let ranges: Vec<_> = server
        .requests()
        .iter()
        .filter_map(|request| request.from_byte)
        .collect();
    assert_eq!(ranges, [100, 200, 300, 400]);
}

#[test]
fn redirects_in_a_loop_are_followed_ten_times() {
    let server = HubServer::start(|request| match request.target.as_str() {
        "/a" => Reply::redirect("/b"),
        _ => Reply::redirect("/a"),
    });
    let refusal = Workplace::new(&server).refusal();
    assert!(
        matches!(refusal, HubError::TooManyRedirects { .. }),
        "{refusal}"
    );
    assert_eq!(server.requests().len(), 11);
}

#[test]
fn a_hub_that_is_not_there_is_said_to_be_unreachable() {
    let server = HubServer::honest(&ModelFiles::small());
    let mut workplace = Workplace::new(&server);
    // Port 0 of an address is no one's.
    workplace.settings.endpoint = "http://127.0.0.1:0".to_owned();
    let sentence = workplace.refusal().to_string();
    assert!(sentence.contains("cannot be reached"), "{sentence}");
}
