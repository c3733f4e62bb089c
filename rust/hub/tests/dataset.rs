//! Files of a dataset come one at a time and go again.

mod support;

use std::fs;

use headroom_hub::{HubError, RepositoryId};
use support::hub_server::{HubServer, Reply, range};
use support::model_files::{COMMIT, ModelFiles};
use support::{Workplace, go_on};

fn files() -> ModelFiles {
    let shard = |digit: u8| vec![digit; 10_000];
    ModelFiles {
        files: vec![
            ("README.md", b"not needed".to_vec()),
            ("data/shard_0.parquet", shard(b'0')),
            ("data/shard_1.parquet", shard(b'1')),
        ],
    }
}

/// A hub with a dataset of these files, whose first answer for each file ends early.
fn server(files: ModelFiles) -> HubServer {
    HubServer::start(move |request| {
        if request.target == "/api/datasets/owner/name/revision/main?blobs=true" {
            return Reply::new(200, files.listing().to_string());
        }
        let prefix = format!("/datasets/owner/name/resolve/{COMMIT}/");
        match request.target.strip_prefix(&prefix) {
            Some(name) if request.times_before == 0 => {
                range(files.bytes(name), request.from_byte).cut_after(4_000)
            }
            Some(name) => range(files.bytes(name), request.from_byte),
            None => Reply::new(404, "not here"),
        }
    })
}

#[test]
fn each_file_comes_alone_with_its_checksum_and_goes_again() {
    let (files, dataset) = (files(), RepositoryId::dataset("owner/name").unwrap());
    let server = server(files.clone());
    let workplace = Workplace::new(&server);
    let hub = workplace.hub();
    let dataset = hub.dataset(&dataset, &mut go_on).unwrap();
    let names: Vec<_> = dataset.files().iter().map(|file| file.name()).collect();
    assert_eq!(names, ["data/shard_0.parquet", "data/shard_1.parquet"]);
    let second = &dataset.files()[1];
    assert_eq!(second.size_bytes(), 10_000);
    let path = hub.fetch(&dataset, second, &mut go_on).unwrap();
    assert_eq!(fs::read(&path).unwrap(), files.bytes(second.name()));
    assert!(
        path.display()
            .to_string()
            .contains("datasets--owner--name/blobs")
    );
    let asked = server.requests().len();
    assert_eq!(hub.fetch(&dataset, second, &mut go_on).unwrap(), path);
    assert_eq!(server.requests().len(), asked, "it is there already");
    assert_eq!(workplace.whole_blobs().len(), 1);
    hub.discard(&dataset, second).unwrap();
    hub.discard(&dataset, second).unwrap();
    assert!(workplace.whole_blobs().is_empty());
}

#[test]
fn a_dataset_that_is_not_there_is_named_as_one() {
    let workplace = Workplace::new(&server(files()));
    let other = RepositoryId::dataset("owner/other").unwrap();
    let refusal = workplace.hub().dataset(&other, &mut go_on).unwrap_err();
    assert!(matches!(refusal, HubError::NotFound { .. }));
    assert!(refusal.to_string().contains("no dataset owner/other"));
}
