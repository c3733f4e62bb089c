//! Where the hub and the cache are: what the usual environment variables say.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{HubError, printable};

/// Where models come from and where they are kept.
#[derive(Clone, Debug)]
pub struct HubSettings {
    /// The hub's address, without a slash at its end.
    pub endpoint: String,
    /// Who asks; `None` for anyone.
    pub token: Option<Token>,
    /// The directory of `models--owner--name` directories.
    pub cache_directory: PathBuf,
    /// Whether nothing may be asked of the network.
    pub offline: bool,
    /// The pause before a second retry; each further one doubles it.
    pub retry_pause: Duration,
}

/// A secret that lets its holder read gated repositories. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token as the hub issued it.
    ///
    /// # Errors
    /// [`HubError::Setting`] if it holds anything but printable ASCII letters.
    pub fn new(text: &str) -> Result<Self, HubError> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(HubError::Setting {
                name: "HF_TOKEN",
                reason: "a token has printable ASCII letters only; copy it again".to_owned(),
            });
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn header_value(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

impl HubSettings {
    /// As the environment has it: `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HOME`,
    /// `HF_HUB_CACHE`, `HF_HUB_OFFLINE` and `XDG_CACHE_HOME`, with the meaning that
    /// Hugging Face's own client gives them. An empty variable counts as unset.
    ///
    /// # Errors
    /// [`HubError::Setting`] if the endpoint is no http or https address, if the token is
    /// malformed, or if there is no home directory to keep a cache in.
    pub fn from_environment() -> Result<Self, HubError> {
        Self::from_variables(&|name| std::env::var_os(name), std::env::home_dir())
    }

    fn from_variables(
        variable: &dyn Fn(&str) -> Option<OsString>,
        user_home: Option<PathBuf>,
    ) -> Result<Self, HubError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| set(name).map(|value| value.to_string_lossy().into_owned());
        let home = hub_home(&set, user_home);
        let in_home = |name: &str| home.as_ref().map(|home| home.join(name));
        let token_path = set("HF_TOKEN_PATH").map(PathBuf::from).or(in_home("token"));
        Ok(Self {
            endpoint: endpoint(text("HF_ENDPOINT"))?,
            token: token(text("HF_TOKEN"), token_path.as_deref())?,
            cache_directory: set("HF_HUB_CACHE")
                .map(PathBuf::from)
                .or(in_home("hub"))
                .ok_or_else(no_home)?,
            offline: text("HF_HUB_OFFLINE").is_some_and(|value| is_true(&value)),
            retry_pause: Duration::from_secs(1),
        })
    }
}

/// Where Hugging Face's tools keep what is theirs.
fn hub_home(set: &dyn Fn(&str) -> Option<OsString>, user_home: Option<PathBuf>) -> Option<PathBuf> {
    let caches = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or(user_home.map(|home| home.join(".cache")));
    set("HF_HOME")
        .map(PathBuf::from)
        .or(caches.map(|caches| caches.join("huggingface")))
}

fn no_home() -> HubError {
    HubError::Setting {
        name: "HF_HOME",
        reason:
            "it is not set and this user has no home directory; set it to a directory for models"
                .to_owned(),
    }
}

fn endpoint(value: Option<String>) -> Result<String, HubError> {
    const USUAL: &str = "https://huggingface.co";
    let value = value.unwrap_or_else(|| USUAL.to_owned());
    let address = value.trim_end_matches('/');
    let host = ["https://", "http://"]
        .into_iter()
        .find_map(|scheme| address.strip_prefix(scheme));
    let is_plain = |host: &str| {
        host.bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"@?#".contains(&byte))
    };
    match host {
        Some(host) if !host.is_empty() && is_plain(host) => Ok(address.to_owned()),
        _ => Err(HubError::Setting {
            name: "HF_ENDPOINT",
            reason: format!(
                "`{}` is no address; write it as https://host or http://host:port",
                printable(&value)
            ),
        }),
    }
}

fn token(value: Option<String>, path: Option<&Path>) -> Result<Option<Token>, HubError> {
    let from_file = || path.and_then(|path| fs::read_to_string(path).ok());
    let text = value.or_else(from_file);
    let text = text.filter(|text| !text.trim().is_empty());
    text.map(|text| Token::new(&text)).transpose()
}

fn is_true(value: &str) -> bool {
    ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Result<HubSettings, HubError> {
        let variable = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| OsString::from(value))
        };
        HubSettings::from_variables(&variable, Some(PathBuf::from("/home/ada")))
    }

    #[test]
    fn an_empty_environment_means_the_usual_hub_and_cache() {
        let usual = settings(&[]).unwrap();
        assert_eq!(usual.endpoint, "https://huggingface.co");
        assert_eq!(
            usual.cache_directory,
            Path::new("/home/ada/.cache/huggingface/hub")
        );
        assert_eq!((usual.token, usual.offline), (None, false));
    }

    #[test]
    fn the_nearer_variable_says_where_the_cache_is() {
        let cache = |variables: &[_]| settings(variables).unwrap().cache_directory;
        let xdg = ("XDG_CACHE_HOME", "/x");
        let home = ("HF_HOME", "/h");
        assert_eq!(cache(&[xdg]), Path::new("/x/huggingface/hub"));
        assert_eq!(cache(&[xdg, home]), Path::new("/h/hub"));
        assert_eq!(cache(&[xdg, home, ("HF_HUB_CACHE", "/c")]), Path::new("/c"));
        assert_eq!(cache(&[("HF_HOME", "")]), cache(&[]));
    }

    #[test]
    fn a_token_comes_from_its_variable_before_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "hf_from_file\n").unwrap();
        let file = ("HF_TOKEN_PATH", path.to_str().unwrap());
        let token = |variables: &[_]| settings(variables).unwrap().token;
        assert_eq!(token(&[file]), Token::new("hf_from_file").ok());
        assert_eq!(
            token(&[file, ("HF_TOKEN", "hf_own")]),
            Token::new("hf_own").ok()
        );
        assert_eq!(token(&[("HF_TOKEN_PATH", "/nowhere")]), None);
        let in_home = ("HF_HOME", folder.path().to_str().unwrap());
        assert_eq!(token(&[in_home]), Token::new("hf_from_file").ok());
    }

    #[test]
    fn a_token_is_never_shown() {
        let token = Token::new("hf_secret").unwrap();
        assert!(!format!("{token:?}").contains("secret"));
        let refusal = settings(&[("HF_TOKEN", "hf_sec\nret: x")]).unwrap_err();
        assert!(!refusal.to_string().contains("sec"), "{refusal}");
    }

    #[test]
    fn an_endpoint_that_is_no_address_is_refused_with_what_to_write() {
        for value in [
            "huggingface.co",
            "ftp://host",
            "https://",
            "http://a b",
            "https://user@host",
            "file:///etc",
        ] {
            let sentence = settings(&[("HF_ENDPOINT", value)]).unwrap_err().to_string();
            assert!(
                sentence.contains("write it as https://host"),
                "{value}: {sentence}"
            );
        }
        let with_slash = settings(&[("HF_ENDPOINT", "http://127.0.0.1:80/")]).unwrap();
        assert_eq!(with_slash.endpoint, "http://127.0.0.1:80");
    }

    #[test]
    fn offline_is_on_for_the_usual_words_only() {
        let offline = |value| settings(&[("HF_HUB_OFFLINE", value)]).unwrap().offline;
        assert!(["1", "true", "YES", "On"].into_iter().all(offline));
        assert!(!["0", "false", "no", ""].into_iter().any(offline));
    }
}
