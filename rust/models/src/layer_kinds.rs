//! Which layers see everything and which a window: `layer_types`, as transformers writes it.

use headroom_formats::{ConfigSection, FormatError};

use crate::settings::POSITIONS;

/// How far a layer sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LayerKind {
    /// All tokens before its own.
    Full,
    /// The last `sliding_window` ones.
    Sliding,
}

/// What `layer_types` says of each of `layers` layers; `None` where it is not there.
pub(crate) fn layer_kinds(
    config: &ConfigSection,
    layers: usize,
) -> Result<Option<Vec<LayerKind>>, FormatError> {
    let Some(kinds) = config.optional_strings("layer_types")? else {
        return Ok(None);
    };
    if kinds.len() != layers {
        let found = format!("a list of {}", kinds.len());
        let allowed = format!("a list of {layers}, one for each layer");
        return Err(config.refused("layer_types", &found, &allowed));
    }
    let kinds = kinds.into_iter().map(|kind| match kind {
        "full_attention" => Ok(LayerKind::Full),
        "sliding_attention" => Ok(LayerKind::Sliding),
        other => Err(config.refused(
            "layer_types",
            &format!("`{other}`"),
            "full_attention or sliding_attention",
        )),
    });
    kinds.collect::<Result<_, _>>().map(Some)
}

/// The window of each of `layers` layers by `layer_types` and `sliding_window`; none without the
/// former.
pub(crate) fn windows(
    config: &ConfigSection,
    layers: usize,
) -> Result<Vec<Option<u32>>, FormatError> {
    match layer_kinds(config, layers)? {
        Some(kinds) => windows_of(config, &kinds),
        None => Ok(vec![None; layers]),
    }
}

/// The window of layers of these kinds.
pub(crate) fn windows_of(
    config: &ConfigSection,
    kinds: &[LayerKind],
) -> Result<Vec<Option<u32>>, FormatError> {
    if !kinds.contains(&LayerKind::Sliding) {
        return Ok(vec![None; kinds.len()]);
    }
    let window = config.integer("sliding_window", POSITIONS)? as u32;
    let windows = kinds.iter().map(|kind| match kind {
        LayerKind::Full => None,
        LayerKind::Sliding => Some(window),
    });
    Ok(windows.collect())
}
