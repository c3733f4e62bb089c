//! Handles: 64-bit ids that stand for values on this side of the boundary.
//!
//! An id is made of a kind (8 bits), a generation (32 bits) and the index of a slot (24 bits).
//! A slot's generation grows each time its value is freed, and a slot whose generations are used
//! up is never used again, so no id ever names two values. The kind tells a model's id from a
//! session's. Zero names nothing.
//!
//! Values are shared: one that is freed by a thread while another uses it goes when the other is
//! done.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What a handle can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Error = 1,
    String = 2,
    Model = 3,
    Generation = 4,
    Session = 5,
    Cache = 6,
}

impl Kind {
    fn from_tag(tag: u8) -> Option<Self> {
        let kinds = [
            Self::Error,
            Self::String,
            Self::Model,
            Self::Generation,
            Self::Session,
            Self::Cache,
        ];
        kinds.into_iter().find(|kind| *kind as u8 == tag)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "error",
            Self::String => "string",
            Self::Model => "model",
            Self::Generation => "generation",
            Self::Session => "session",
            Self::Cache => "prompt cache",
        })
    }
}

/// A value that a handle can stand for. Each kind belongs to one type.
pub(crate) trait Held: Send + Sync + 'static {
    const KIND: Kind;
}

/// Why a handle names no value of the wanted kind, or could not be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandleError {
    Zero,
    Freed,
    Unknown,
    OtherKind { wanted: Kind, found: Kind },
    Exhausted,
}

impl fmt::Display for HandleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => formatter.write_str(
                "the handle is 0, which is never valid; check the call that should have set it",
            ),
            Self::Freed => formatter.write_str(
                "the handle was freed; use it only before its free call, and free it once",
            ),
            Self::Unknown => formatter
                .write_str("the handle was never issued by this library; pass one on unchanged"),
            Self::OtherKind { wanted, found } => write!(
                formatter,
                "the handle is that of a {found}, but this call takes that of a {wanted}"
            ),
            Self::Exhausted => formatter.write_str(
                "no further handle can be issued; free handles that are no longer needed",
            ),
        }
    }
}

const INDEX_BITS: u32 = 24;
const GENERATION_BITS: u32 = 32;
/// Slots that 24 bits can number.
const MOST_SLOTS: usize = 1 << INDEX_BITS;

/// An id, taken apart.
#[derive(Clone, Copy)]
struct Parts {
    kind: Kind,
    generation: u32,
    index: usize,
}

impl Parts {
    fn join(self) -> u64 {
        (self.kind as u64) << (INDEX_BITS + GENERATION_BITS)
            | u64::from(self.generation) << INDEX_BITS
            | self.index as u64
    }

    fn split(id: u64) -> Result<Self, HandleError> {
        if id == 0 {
            return Err(HandleError::Zero);
        }
        let tag = (id >> (INDEX_BITS + GENERATION_BITS)) as u8;
        Ok(Self {
            kind: Kind::from_tag(tag).ok_or(HandleError::Unknown)?,
            generation: (id >> INDEX_BITS) as u32,
            index: id as usize & (MOST_SLOTS - 1),
        })
    }
}

struct Slot {
    /// That of the value it holds, or of the next one it will hold. Starts at 1.
    generation: u32,
    occupant: Option<Occupant>,
}

struct Occupant {
    kind: Kind,
    value: Arc<dyn Any + Send + Sync>,
}

/// The values that handles stand for; usable from any thread.
pub(crate) struct Handles {
    slots: RwLock<Slots>,
}

struct Slots {
    slots: Vec<Slot>,
    /// Indices of slots that can be used again.
    free: Vec<usize>,
    most_slots: usize,
}

/// The handles of this process.
pub(crate) fn handles() -> &'static Handles {
    static HANDLES: Handles = Handles::with_at_most(MOST_SLOTS);
    &HANDLES
}

impl Handles {
    const fn with_at_most(most_slots: usize) -> Self {
        Self {
            slots: RwLock::new(Slots {
                slots: Vec::new(),
                free: Vec::new(),
                most_slots,
            }),
        }
    }

    /// Keeps `value` and returns its id.
    pub(crate) fn insert<T: Held>(&self, value: T) -> Result<u64, HandleError> {
        let occupant = Occupant {
            kind: T::KIND,
            value: Arc::new(value),
        };
        self.write().occupy(occupant)
    }

    /// The value that `id` stands for.
    pub(crate) fn get<T: Held>(&self, id: u64) -> Result<Arc<T>, HandleError> {
        let (_, value) = self.read().find(id, T::KIND)?;
        value.downcast().map_err(|_| HandleError::Unknown)
    }

    /// Ends `id` and returns its value, so that it is dropped after the table is let go: what
    /// runs then may well call back in here.
    pub(crate) fn remove<T: Held>(&self, id: u64) -> Result<Arc<T>, HandleError> {
        let value = self.write().vacate(id, T::KIND)?;
        value.downcast().map_err(|_| HandleError::Unknown)
    }

    /// No statement leaves the slots half changed, so a poisoned lock guards a whole table.
    fn read(&self) -> RwLockReadGuard<'_, Slots> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Slots> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }
}

type Value = Arc<dyn Any + Send + Sync>;

impl Slots {
    fn occupy(&mut self, occupant: Occupant) -> Result<u64, HandleError> {
        let index = self.vacant()?;
        let slot = &mut self.slots[index];
        let parts = Parts {
            kind: occupant.kind,
            generation: slot.generation,
            index,
        };
        slot.occupant = Some(occupant);
        Ok(parts.join())
    }

    fn vacant(&mut self) -> Result<usize, HandleError> {
        if let Some(index) = self.free.pop() {
            return Ok(index);
        }
        if self.slots.len() >= self.most_slots {
            return Err(HandleError::Exhausted);
        }
        self.slots.push(Slot {
            generation: 1,
            occupant: None,
        });
        Ok(self.slots.len() - 1)
    }

    fn find(&self, id: u64, wanted: Kind) -> Result<(usize, Value), HandleError> {
        let parts = Parts::split(id)?;
        let slot = self.slots.get(parts.index).ok_or(HandleError::Unknown)?;
        let occupant = match &slot.occupant {
            Some(occupant) if parts.generation == slot.generation => occupant,
            _ if (1..=slot.generation).contains(&parts.generation) => {
                return Err(HandleError::Freed);
            }
            _ => return Err(HandleError::Unknown),
        };
        if occupant.kind != parts.kind {
            return Err(HandleError::Unknown);
        }
        if occupant.kind != wanted {
            let found = occupant.kind;
            return Err(HandleError::OtherKind { wanted, found });
        }
        Ok((parts.index, Arc::clone(&occupant.value)))
    }

    fn vacate(&mut self, id: u64, wanted: Kind) -> Result<Value, HandleError> {
        let (index, value) = self.find(id, wanted)?;
        let slot = &mut self.slots[index];
        slot.occupant = None;
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(index);
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
