//! What a failed request means: the error that names it, and whether another try can help.

use std::time::Duration;

use ureq::http::HeaderMap;

use crate::error::HubError;
use crate::repository_id::RepositoryId;

/// How many redirects are followed.
pub(crate) const MOST_REDIRECTS: u32 = 10;
/// Longest pause that a hub may ask for; a longer one is left to the user.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A failed request.
pub(crate) struct Failure {
    pub(crate) error: HubError,
    pub(crate) retry: Retry,
}

/// Whether the same request may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    Never,
    Soon,
    After(Duration),
}

impl Failure {
    pub(crate) fn soon(error: HubError) -> Self {
        Self {
            error,
            retry: Retry::Soon,
        }
    }
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Self {
            error,
            retry: Retry::Never,
        }
    }
}

/// What a request is about, for messages.
pub(crate) struct Asked<'a> {
    repository: &'a RepositoryId,
    file: Option<&'a str>,
}

impl<'a> Asked<'a> {
    pub(crate) fn of(repository: &'a RepositoryId, file: Option<&'a str>) -> Self {
        Self { repository, file }
    }

    pub(crate) fn refused(&self, url: &str, status: u16, headers: &HeaderMap) -> Failure {
        let repository = self.repository.to_string();
        match status {
            401 | 403 => HubError::Denied { repository, status }.into(),
            404 => HubError::NotFound {
                what: self.file.map_or_else(
                    || format!("{} {repository}", self.repository.kind().noun()),
                    |file| format!("{file} in {repository}"),
                ),
            }
            .into(),
            429 => too_many_requests(headers),
            408 | 500..=599 => Failure::soon(wrong_status(url, status)),
            _ => wrong_status(url, status).into(),
        }
    }
}

fn wrong_status(url: &str, status: u16) -> HubError {
    let url = url.to_owned();
    HubError::Status { url, status }
}

fn too_many_requests(headers: &HeaderMap) -> Failure {
    const USUAL_SECONDS: u64 = 5;
    let value = headers
        .get("retry-after")
        .and_then(|value| value.to_str().ok());
    let seconds = value.and_then(|value| value.trim().parse().ok());
    let seconds = seconds.unwrap_or(USUAL_SECONDS);
    let pause = Duration::from_secs(seconds);
    Failure {
        error: HubError::TooManyRequests { seconds },
        retry: match pause <= LONGEST_PAUSE {
            true => Retry::After(pause),
            false => Retry::Never,
        },
    }
}

pub(crate) fn failed(url: &str, error: ureq::Error) -> Failure {
    let url = url.to_owned();
    match error {
        ureq::Error::TooManyRedirects => HubError::TooManyRedirects {
            url,
            most: MOST_REDIRECTS,
        }
        .into(),
        ureq::Error::RequireHttpsOnly(_) => HubError::NotAHub {
            url,
            found: "a redirect to an unencrypted address".to_owned(),
            wanted: "the file",
        }
        .into(),
        ureq::Error::BodyExceedsLimit(most) => HubError::NotAHub {
            url,
            found: format!("more than {most} bytes"),
            wanted: "a list of files",
        }
        .into(),
        error => {
            let can_pass = is_passing(&error);
            let reason = error.to_string();
            let error = HubError::Unreachable { url, reason };
            match can_pass {
                true => Failure::soon(error),
                false => error.into(),
            }
        }
    }
}

fn is_passing(error: &ureq::Error) -> bool {
    matches!(
        error,
        ureq::Error::Io(_)
            | ureq::Error::Timeout(_)
            | ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
            | ureq::Error::Protocol(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry_after(value: &str) -> Retry {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", value.parse().unwrap());
        too_many_requests(&headers).retry
    }

    #[test]
    fn a_hub_may_ask_for_a_pause_of_a_minute_and_no_more() {
        assert_eq!(retry_after("7"), Retry::After(Duration::from_secs(7)));
        assert_eq!(retry_after("60"), Retry::After(Duration::from_secs(60)));
        assert_eq!(retry_after("61"), Retry::Never);
        assert_eq!(retry_after("99999999999999999999"), retry_after("soon"));
    }

    #[test]
    fn a_hubs_own_failures_may_pass_and_refusals_do_not() {
        let repository = "owner/name".parse().unwrap();
        let asked = Asked::of(&repository, None);
        let retry = |status| asked.refused("", status, &HeaderMap::new()).retry;
        assert!(
            [408, 500, 502, 503, 504]
                .map(retry)
                .iter()
                .all(|retry| *retry == Retry::Soon)
        );
        assert!(
            [400, 401, 403, 404, 410, 416, 451]
                .map(retry)
                .iter()
                .all(|retry| *retry == Retry::Never)
        );
    }
}
