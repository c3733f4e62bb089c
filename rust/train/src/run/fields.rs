//! Settings as fields by name, flat, such as flags, a TOML file and checkpoints have them.

use headroom_formats::{Quoted, Shortened};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::TrainError;

/// All fields of some settings.
///
/// # Errors
/// When the settings cannot be told as JSON.
pub(crate) fn to_fields(settings: &impl Serialize) -> Result<Value, TrainError> {
    serde_json::to_value(settings).map_err(|error| TrainError::setting(error.to_string()))
}

/// Settings with these fields, and their defaults elsewhere. The fields are taken in one by one, so that
/// the one at fault can be named: serde names none, and knows none as unknown among flattened ones.
///
/// # Errors
/// When a field is none of theirs, or is of another kind than its value.
pub(crate) fn from_fields<Settings>(fields: Value) -> Result<Settings, TrainError>
where
    Settings: Default + Serialize + DeserializeOwned,
{
    let mut all = to_fields(&Settings::default())?;
    let mut settings = Settings::default();
    for (name, value) in fields.as_object().into_iter().flatten() {
        let Some(place) = all.get_mut(name) else {
            return Err(unknown(name, &all));
        };
        place.clone_from(value);
        settings = serde_json::from_value(all.clone()).map_err(|error| {
            let reason = error.to_string();
            let (name, reason) = (Quoted(name), Shortened(&reason));
            TrainError::setting(format!(
                "the setting {name} cannot be read: {reason}; give what was expected"
            ))
        })?;
    }
    Ok(settings)
}

fn unknown(name: &str, all: &Value) -> TrainError {
    let known = all.as_object().into_iter().flat_map(Map::keys);
    let advice = match nearest(name, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "leave it out".to_owned(),
    };
    TrainError::setting(format!("there is no setting {}; {advice}", Quoted(name)))
}

/// The name that looks most like it, if one does.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    const LEAST_LIKENESS: f64 = 0.8;
    let likeness = known.map(|known| (strsim::jaro_winkler(name, known), known.as_str()));
    let alike = likeness.filter(|(likeness, _)| *likeness >= LEAST_LIKENESS);
    let most = alike.max_by(|(one, _), (other, _)| one.total_cmp(other));
    most.map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        share: f64,
        limit: Option<u64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Outer {
        depth: usize,
        #[serde(flatten)]
        inner: Inner,
    }

    impl Default for Outer {
        fn default() -> Self {
            let (share, limit) = (0.5, None);
            let inner = Inner { share, limit };
            Self { depth: 3, inner }
        }
    }

    fn refusal(fields: Value) -> String {
        from_fields::<Outer>(fields).unwrap_err().to_string()
    }

    #[test]
    fn fields_lie_flat_and_what_is_not_given_is_the_outermost_default() {
        let read: Outer = from_fields(json!({"limit": 7})).unwrap();
        let fields = json!({"depth": 3, "share": 0.5, "limit": 7});
        assert_eq!(to_fields(&read).unwrap(), fields);
        assert_eq!(from_fields::<Outer>(fields).unwrap(), read);
        assert_eq!(from_fields::<Outer>(Value::Null).unwrap(), Outer::default());
    }

    #[test]
    fn a_field_that_is_none_is_refused_by_name_with_the_one_that_was_meant() {
        let sentence = "there is no setting `dept`; did you mean `depth`?";
        assert_eq!(refusal(json!({"dept": 4})), sentence);
        let sentence = refusal(json!({"x\u{1b}y": 4}));
        assert!(sentence.contains("leave it out") && !sentence.contains('\u{1b}'));
    }

    #[test]
    fn a_value_of_another_kind_is_refused_with_its_fields_name() {
        for (name, value) in [("depth", json!("four")), ("limit", json!(-1))] {
            let sentence = refusal(json!({"share": 1.0, name: value}));
            assert!(sentence.contains(&format!("`{name}`")), "{sentence}");
        }
    }
}
