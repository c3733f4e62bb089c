//! A cache that looks as if it had seen a long context.

use std::error::Error;

use headroom_mlx::ops::random;
use headroom_mlx::{Array, Dtype};
use headroom_models::{
    CacheDescription, CacheLayout, CachePrecision, ComputedIn, LanguageModel, LayerShape,
    LogitRows, ModelCache,
};

use crate::Request;

/// Every layer has arrays of its own, as after a prompt. They are made as the model computes them and
/// then converted, so that packed ones are what packing gives.
pub(crate) fn filled_cache(
    model: &dyn LanguageModel,
    request: &Request,
) -> Result<ModelCache, Box<dyn Error>> {
    let shape = model.shape();
    let layer = shape.layers.first().ok_or("the model has no layers")?;
    let computed_in = computed_in(model)?;
    let kept = request.layout.max_size().unwrap_or(i32::MAX);
    let noise = noise(layer, kept.min(request.context), dtype(computed_in))?;
    let zero = Array::from_f32(0.0).as_dtype(noise.dtype())?;
    let description = CacheDescription {
        reach: None,
        offset: request.context,
        layout: request.layout,
        precision: CachePrecision::Full,
        computed_in: Some(computed_in),
    };
    let mut copy = |_: &str| noise.add(&zero).ok();
    let mut cache = ModelCache::from_parts(&description, shape, &mut copy)?;
    cache.convert(request.precision)?;
    Ok(cache)
}

/// What the model computes keys and values in, which depends on the device.
fn computed_in(model: &dyn LanguageModel) -> Result<ComputedIn, Box<dyn Error>> {
    let mut cache = model.new_cache(CacheLayout::Simple);
    let token = Array::from_slice(&[0u32], &[1, 1]);
    model.forward(&token, &mut [&mut cache], LogitRows::Last)?;
    let (description, _) = cache.to_parts()?;
    Ok(description
        .computed_in
        .ok_or("the model keeps keys and values in an unknown type")?)
}

fn dtype(computed_in: ComputedIn) -> Dtype {
    match computed_in {
        ComputedIn::Float32 => Dtype::Float32,
        ComputedIn::Float16 => Dtype::Float16,
        ComputedIn::Bfloat16 => Dtype::Bfloat16,
    }
}

/// `(1, key_value_heads, positions, head_dim)`, normally distributed, the same in every run.
fn noise(layer: &LayerShape, positions: i32, dtype: Dtype) -> Result<Array, Box<dyn Error>> {
    let shape = [
        1,
        i32::try_from(layer.key_value_heads)?,
        positions,
        i32::try_from(layer.head_dim)?,
    ];
    let key = random::key(0)?;
    let noise = random::normal::<f32>(&shape[..], None, None, &key)?.as_dtype(dtype)?;
    noise.eval()?;
    Ok(noise)
}
