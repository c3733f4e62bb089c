//! What a configuration demands of a checkpoint, and how the two are compared.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::dtype::Dtype;
use crate::name_groups::{NameGroup, grouped};
use crate::shard::TensorInfo;

/// Longest sentence about a checkpoint; the tensors of every family, all missing, take less.
const SENTENCE_LIMIT_BYTES: usize = 16 << 10;
/// Most names of a kind that are looked at for it; the rest is counted.
const GROUPED_LIMIT: usize = 20_000;

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

    /// A tensor of bytes, as the scales of floating quantisation modes are.
    pub fn bytes(name: impl Into<String>, shape: impl Into<Vec<usize>>) -> Self {
        Self {
            name: name.into(),
            shape: shape.into(),
            dtype: DtypeRule::Exactly(Dtype::Uint8),
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
    /// How many tensors are demanded in all.
    pub demanded: usize,
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
    /// All differences in one sentence; names that differ in numbers alone are one name with ranges.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_of_another_family() {
            formatter.write_str("they look like another family's, so check model_type; ")?;
        }
        let clauses = self.clauses();
        let mut room_bytes = SENTENCE_LIMIT_BYTES;
        let fits = |clause: &&(String, usize)| match room_bytes.checked_sub(clause.0.len()) {
            Some(rest) => {
                room_bytes = rest;
                true
            }
            None => false,
        };
        let shown: Vec<_> = clauses.iter().take_while(fits).collect();
        let texts: Vec<_> = shown.iter().map(|(text, _)| text.as_str()).collect();
        formatter.write_str(&texts.join("; "))?;
        match self.count() - shown.iter().map(|(_, tensors)| tensors).sum::<usize>() {
            0 => Ok(()),
            more => write!(formatter, "; and {more} more"),
        }
    }
}

impl MismatchReport {
    /// Whether much is missing while other things are there.
    fn is_of_another_family(&self) -> bool {
        !self.unexpected.is_empty() && self.missing.len() * 3 >= self.demanded
    }

    /// Each clause of the sentence, and of how many tensors it tells.
    fn clauses(&self) -> Vec<(String, usize)> {
        let demand =
            |tensor: &ExpectedTensor| format!("{} {:?} demanded", tensor.dtype, tensor.shape);
        let missing = self.missing.iter();
        let missing = missing.map(|tensor| (tensor.name.as_str(), demand(tensor)));
        let wrong = self.wrong.iter().map(|tensor| {
            let found = format!("{} {:?}", tensor.found_dtype, tensor.found_shape);
            let what = format!("{found} ({})", demand(&tensor.expected));
            (tensor.expected.name.as_str(), what)
        });
        let unexpected = self
            .unexpected
            .iter()
            .map(|name| (name.as_str(), String::new()));
        let mut clauses = told(missing, |verb, demand| format!("{verb} missing ({demand})"));
        clauses.extend(told(wrong, |verb, what| format!("{verb} {what}")));
        clauses.extend(told(unexpected, |verb, _| format!("{verb} left over")));
        clauses
    }
}

/// A clause for each group of names of which the same is to be told.
fn told<'a>(
    tensors: impl Iterator<Item = (&'a str, String)>,
    tell: impl Fn(&str, &str) -> String,
) -> Vec<(String, usize)> {
    let mut facts: Vec<(String, Vec<&str>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (name, fact) in tensors.take(GROUPED_LIMIT) {
        let place = *places.entry(fact.clone()).or_insert_with(|| {
            facts.push((fact, Vec::new()));
            facts.len() - 1
        });
        facts[place].1.push(name);
    }
    let groups = facts.iter().flat_map(|(fact, names)| {
        let groups = grouped(names.iter().copied()).into_iter();
        groups.map(move |group| (fact, group))
    });
    let clause = |(fact, group): (&String, NameGroup)| {
        let verb = if group.names == 1 { "is" } else { "are" };
        (
            format!("{} {}", group.pattern, tell(verb, fact)),
            group.names,
        )
    };
    groups.map(clause).collect()
}

/// Finds everything that differs between what is demanded and what is there.
pub(crate) fn compare(
    expected: &[ExpectedTensor],
    found: &BTreeMap<String, TensorInfo>,
    may_be_left: impl Fn(&str) -> bool,
) -> MismatchReport {
    let mut report = MismatchReport {
        demanded: expected.len(),
        ..MismatchReport::default()
    };
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
    fn a_layer_more_or_less_is_told_for_all_its_tensors_at_once() {
        let named = |layer| ["q", "k"].map(|part| format!("layers.{layer}.{part}_proj.weight"));
        let demanded = (0..40).flat_map(named);
        let demanded: Vec<_> = demanded
            .map(|name| ExpectedTensor::float(name, [8, 8]))
            .collect();
        let report = compare(&demanded, &BTreeMap::new(), |_| false);
        assert_eq!(report.missing.len(), 80);
        assert_eq!(
            report.to_string(),
            "`layers.{0-39}.q_proj.weight` are missing (F32, F16 or BF16 [8, 8] demanded); \
             `layers.{0-39}.k_proj.weight` are missing (F32, F16 or BF16 [8, 8] demanded)"
        );
    }

    #[test]
    fn weights_of_another_family_are_called_so() {
        let demanded = ["embed", "q", "k", "v"].map(|name| ExpectedTensor::float(name, [1]));
        let there = found(&[
            ("embed", Dtype::Float32, &[1]),
            ("qkv", Dtype::Float32, &[3]),
        ]);
        let shown = compare(&demanded, &there, |_| false).to_string();
        assert!(
            shown.starts_with("they look like another family's"),
            "{shown}"
        );
        let shown = compare(&demanded, &BTreeMap::new(), |_| false).to_string();
        assert!(shown.starts_with("`embed` is missing"), "{shown}");
    }

    #[test]
    fn hostile_names_are_cut_and_counted() {
        let names: Vec<_> = (0..60_000)
            .map(|number| format!("{number:x}\u{1b}{}", "x".repeat(200)))
            .collect();
        let demanded: Vec<_> = names
            .iter()
            .map(|name| ExpectedTensor::float(name, [1]))
            .collect();
        let report = compare(&demanded, &BTreeMap::new(), |_| false);
        let shown = report.to_string();
        assert!(
            shown.len() < SENTENCE_LIMIT_BYTES + 1_000,
            "{}",
            shown.len()
        );
        let (_, counted) = shown.rsplit_once("; and ").expect("a count");
        assert!(counted.ends_with(" more"), "{counted}");
        assert!(!shown.contains('\u{1b}'));
    }
}
