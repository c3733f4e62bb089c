//! Requests to a hub: who asks, over which connection, and what is taken for an answer.

use std::time::Duration;

use ureq::http::{HeaderMap, Response};
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body};

use crate::error::HubError;
use crate::failure::{Asked, Failure, MOST_REDIRECTS, failed};
use crate::listing::{Answer, CommitHash, Listing};
use crate::repository_id::{RepositoryId, RepositoryKind};
use crate::settings::{HubSettings, Token};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest silence of a hub. There is no limit on a whole download.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest list of files that is read.
const LISTING_LIMIT_BYTES: u64 = 16 << 20;
/// The system's own TLS on Apple; elsewhere one that needs no system library.
#[cfg(target_vendor = "apple")]
const TLS: TlsProvider = TlsProvider::NativeTls;
#[cfg(not(target_vendor = "apple"))]
const TLS: TlsProvider = TlsProvider::Rustls;

/// What asks the hub.
pub(crate) struct Client {
    agent: Agent,
    endpoint: String,
    token: Option<Token>,
}

/// A file's bytes, from some place on.
pub(crate) struct FileAnswer {
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// Whether the hub kept to the range that was asked for (status 206).
    pub(crate) is_partial: bool,
}

impl Client {
    pub(crate) fn new(settings: &HubSettings) -> Self {
        let tls = TlsConfig::builder()
            .provider(TLS)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let mut config = Agent::config_builder();
        if is_on_this_machine(&settings.endpoint) {
            // What listens on this machine alone no proxy can reach.
            config = config.proxy(None);
        }
        let config = config
            .http_status_as_error(false)
            // A redirect must not lead from an encrypted hub to an unencrypted place.
            .https_only(settings.endpoint.starts_with("https://"))
            .max_redirects(MOST_REDIRECTS)
            .redirect_auth_headers(ureq::config::RedirectAuthHeaders::SameHost)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_read(Some(SILENCE_TIMEOUT))
            .user_agent(concat!("headroom/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        Self {
            agent: config.into(),
            endpoint: settings.endpoint.clone(),
            token: settings.token.clone(),
        }
    }

    /// The files of a repository at the head of its main branch.
    pub(crate) fn listing(&self, repository: &RepositoryId) -> Result<Listing, Failure> {
        let url = format!(
            "{}/api/{}s/{repository}/revision/main?blobs=true",
            self.endpoint,
            repository.kind().noun()
        );
        let mut response = self.get(&url, 0, Asked::of(repository, None))?;
        refuse_web_page(&url, response.headers(), "a list of files")?;
        let body = response.body_mut().with_config().limit(LISTING_LIMIT_BYTES);
        let bytes = body.read_to_vec().map_err(|error| failed(&url, error))?;
        let answer =
            serde_json::from_slice::<Answer>(&bytes).map_err(|error| HubError::NotAHub {
                url,
                found: format!("what cannot be read ({error})"),
                wanted: "a list of files",
            })?;
        Ok(Listing::check(answer, repository)?)
    }

    /// A file's bytes from `from_byte` on, or from its beginning if the hub so chooses.
    pub(crate) fn file(
        &self,
        (repository, commit): (&RepositoryId, &CommitHash),
        name: &str,
        from_byte: u64,
    ) -> Result<FileAnswer, Failure> {
        let commit = commit.as_str();
        let prefix = match repository.kind() {
            RepositoryKind::Model => "",
            RepositoryKind::Dataset => "datasets/",
        };
        let endpoint = &self.endpoint;
        let url = format!("{endpoint}/{prefix}{repository}/resolve/{commit}/{name}");
        let response = self.get(&url, from_byte, Asked::of(repository, Some(name)))?;
        refuse_web_page(&url, response.headers(), "a file")?;
        let is_partial = response.status().as_u16() == 206;
        let (parts, body) = response.into_parts();
        Ok(FileAnswer {
            url,
            headers: parts.headers,
            body,
            is_partial,
        })
    }

    fn get(&self, url: &str, from_byte: u64, asked: Asked) -> Result<Response<Body>, Failure> {
        let mut request = self.agent.get(url);
        if let Some(token) = &self.token {
            request = request.header("authorization", token.header_value());
        }
        if from_byte > 0 {
            request = request.header("range", format!("bytes={from_byte}-"));
        }
        let response = request.call().map_err(|error| failed(url, error))?;
        match response.status().as_u16() {
            200 | 206 => Ok(response),
            status => Err(asked.refused(url, status, response.headers())),
        }
    }
}

fn is_on_this_machine(endpoint: &str) -> bool {
    let host = endpoint.strip_prefix("http://").unwrap_or_default();
    ["127.0.0.1", "localhost", "[::1]"]
        .into_iter()
        .filter_map(|local| host.strip_prefix(local))
        .any(|rest| rest.is_empty() || rest.starts_with([':', '/']))
}

fn refuse_web_page(url: &str, headers: &HeaderMap, wanted: &'static str) -> Result<(), HubError> {
    let kind = headers
        .get("content-type")
        .and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html")) {
        return Err(HubError::NotAHub {
            url: url.to_owned(),
            found: "a web page".to_owned(),
            wanted,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encrypted_hub_cannot_lead_to_an_unencrypted_place() {
        let is_bound = |endpoint: &str| {
            let client = Client::new(&HubSettings {
                endpoint: endpoint.to_owned(),
                token: None,
                cache_directory: "cache".into(),
                offline: false,
                retry_pause: Duration::ZERO,
            });
            client.agent.config().https_only()
        };
        assert!(is_bound("https://huggingface.co"));
        assert!(!is_bound("http://127.0.0.1:80"));
    }

    #[test]
    fn a_hub_on_this_machine_is_told_from_one_that_only_sounds_like_it() {
        let local = [
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:1/x",
        ];
        assert!(local.into_iter().all(is_on_this_machine));
        let others = [
            "http://127.0.0.1.example",
            "http://localhost.example:80",
            "https://host",
        ];
        assert!(!others.into_iter().any(is_on_this_machine));
    }
}
