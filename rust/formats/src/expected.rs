//! What a configuration demands of a checkpoint, and how the two are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::dtype::Dtype;
use crate::quoted::Quoted;
use crate::shard::TensorInfo;

/// Most tensors that one error message lists.
const LISTED_LIMIT: usize = 20;

/// Which element types a tensor may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtypeRule {
    /// Any of float32, float16 and bfloat16.
    Float,
    /// Exactly this type.
    Exactly(Dtype),
}

impl DtypeRule {
    /// Whether the rule lets a type through.
    pub fn allows(self, dtype: Dtype) -> bool {
        match self {
            Self::Float => dtype.is_float(),
            Self::Exactly(demanded) => dtype == demanded,
        }
    }
}

impl fmt::Display for DtypeRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float => formatter.write_str("F32, F16 or BF16"),
            Self::Exactly(dtype) => dtype.fmt(formatter),
        }
    }
}

/// One tensor that a configuration demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedTensor {
    /// Its name in the checkpoint.
    pub name: String,
    /// Its dimensions, outermost first.
    pub shape: Vec<usize>,
    /// The element types it may have.
    pub dtype: DtypeRule,
}

impl ExpectedTensor {
    /// A tensor of floating-point weights.
    pub fn float(name: impl Into<String>, shape: impl Into<Vec<usize>>) -> Self {
        Self {
            name: name.into(),
            shape: shape.into(),
            dtype: DtypeRule::Float,
        }
    }

    /// A tensor of quantised weights packed into 32-bit words; `shape` counts words.
    pub fn packed(name: impl Into<String>, shape: impl Into<Vec<usize>>) -> Self {
        Self {
            name: name.into(),
            shape: shape.into(),
            dtype: DtypeRule::Exactly(Dtype::Uint32),
        }
    }

    fn accepts(&self, info: &TensorInfo) -> bool {
        self.dtype.allows(info.dtype) && self.shape == info.shape
    }
}

/// A tensor that is there but has another shape or element type than demanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongTensor {
    /// What the configuration demands.
    pub expected: ExpectedTensor,
    /// Element type in the checkpoint.
    pub found_dtype: Dtype,
    /// Shape in the checkpoint.
    pub found_shape: Vec<usize>,
}

/// All differences between a checkpoint and what its configuration demands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MismatchReport {
    /// Demanded, but not there; in the order demanded.
    pub missing: Vec<ExpectedTensor>,
    /// There, but not as demanded; in the order demanded.
    pub wrong: Vec<WrongTensor>,
    /// There, but not demanded; sorted.
    pub unexpected: Vec<String>,
}

impl MismatchReport {
    pub(crate) fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn count(&self) -> usize {
        self.missing.len() + self.wrong.len() + self.unexpected.len()
    }
}

impl fmt::Display for MismatchReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = self.missing.iter().map(|tensor| {
            format!(
                "{} is missing ({} {:?} demanded)",
                Quoted(&tensor.name),
                tensor.dtype,
                tensor.shape
            )
        });
        let wrong = self.wrong.iter().map(|tensor| {
            format!(
                "{} is {} {:?} ({} {:?} demanded)",
                Quoted(&tensor.expected.name),
                tensor.found_dtype,
                tensor.found_shape,
                tensor.expected.dtype,
                tensor.expected.shape
            )
        });
        let unexpected = self
            .unexpected
            .iter()
            .map(|name| format!("{} is left over", Quoted(name)));
        let listed: Vec<_> = missing
            .chain(wrong)
            .chain(unexpected)
            .take(LISTED_LIMIT)
            .collect();
        formatter.write_str(&listed.join("; "))?;
        match self.count() - listed.len() {
            0 => Ok(()),
            more => write!(formatter, "; and {more} more"),
        }
    }
}

/// Finds everything that differs between what is demanded and what is there.
pub(crate) fn compare(
    expected: &[ExpectedTensor],
    found: &BTreeMap<String, TensorInfo>,
    may_be_left: impl Fn(&str) -> bool,
) -> MismatchReport {
    let mut report = MismatchReport::default();
    let mut demanded = BTreeSet::new();
    for tensor in expected {
        demanded.insert(tensor.name.as_str());
        match found.get(&tensor.name) {
            None => report.missing.push(tensor.clone()),
            Some(info) if tensor.accepts(info) => {}
            Some(info) => report.wrong.push(WrongTensor {
                expected: tensor.clone(),
                found_dtype: info.dtype,
                found_shape: info.shape.clone(),
            }),
        }
    }
    report.unexpected = found
        .keys()
        .filter(|name| !demanded.contains(name.as_str()) && !may_be_left(name))
        .cloned()
        .collect();
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(tensors: &[(&str, Dtype, &[usize])]) -> BTreeMap<String, TensorInfo> {
        let info = |dtype: Dtype, shape: &[usize]| TensorInfo {
            dtype,
            shape: shape.to_vec(),
            shard: 0,
            offset: 0,
            length: 0,
        };
        tensors
            .iter()
            .map(|&(name, dtype, shape)| (name.to_owned(), info(dtype, shape)))
            .collect()
    }

    #[test]
    fn every_accepted_type_and_no_other_is_let_through() {
        for dtype in Dtype::ALL {
            let there = found(&[("w", dtype, &[2, 3])]);
            let float = compare(&[ExpectedTensor::float("w", [2, 3])], &there, |_| false);
            assert_eq!(float.is_empty(), dtype.is_float(), "{dtype}");
            let packed = compare(&[ExpectedTensor::packed("w", [2, 3])], &there, |_| false);
            assert_eq!(packed.is_empty(), dtype == Dtype::Uint32, "{dtype}");
        }
    }

    #[test]
    fn everything_that_differs_is_in_one_report() {
        let there = found(&[
            ("good", Dtype::Float16, &[4]),
            ("left", Dtype::Float32, &[1]),
            ("shape", Dtype::Float32, &[2, 4]),
            ("type", Dtype::Int32, &[2, 3]),
            ("inv_freq", Dtype::Float32, &[8]),
        ]);
        let demanded = [
            ExpectedTensor::float("absent", [7]),
            ExpectedTensor::float("good", [4]),
            ExpectedTensor::float("shape", [2, 3]),
            ExpectedTensor::float("type", [2, 3]),
        ];
        let report = compare(&demanded, &there, |name| name == "inv_freq");
        assert_eq!(
            report.to_string(),
            "`absent` is missing (F32, F16 or BF16 [7] demanded); \
             `shape` is F32 [2, 4] (F32, F16 or BF16 [2, 3] demanded); \
             `type` is I32 [2, 3] (F32, F16 or BF16 [2, 3] demanded); \
             `left` is left over"
        );
    }

    #[test]
    fn a_long_report_is_cut_and_counted() {
        let demanded: Vec<_> = (0..50)
            .map(|number| ExpectedTensor::float(format!("t{number}"), [1]))
            .collect();
        let report = compare(&demanded, &BTreeMap::new(), |_| false);
        assert_eq!(report.missing.len(), 50);
        let shown = report.to_string();
        assert!(shown.ends_with("; and 30 more"), "{shown}");
        assert_eq!(shown.matches("is missing").count(), LISTED_LIMIT);
    }
}
