//! What was left out of the data, and why.

use std::sync::{Arc, Mutex, PoisonError};

/// Most reasons that are kept.
const MOST_REASONS: usize = 8;

/// What could not be read and was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkippedShards {
    /// Shards that ended early or were left out altogether, counted in each epoch.
    pub shards: u64,
    /// Documents and conversations that were left out, counted in each epoch.
    pub documents: u64,
    /// Conversations that were longer than the context and lost their end.
    pub cut_conversations: u64,
    /// The latest reasons, a sentence each, the newest last.
    pub latest_reasons: Vec<String>,
}

impl SkippedShards {
    /// What was left out in a sentence, with the latest reason; `None` where nothing was.
    pub fn sentence(&self) -> Option<String> {
        let latest = self.latest_reasons.last()?;
        let counts = [
            (self.shards, "shards left out"),
            (self.documents, "documents left out"),
            (self.cut_conversations, "conversations cut"),
        ];
        let told = counts.iter().filter(|(count, _)| *count > 0);
        let told: Vec<_> = told
            .map(|(count, what)| format!("{what}: {count}"))
            .collect();
        Some(format!("{}; the latest: {latest}", told.join(", ")))
    }

    fn note(&mut self, reason: String) {
        if self.latest_reasons.len() == MOST_REASONS {
            self.latest_reasons.remove(0);
        }
        self.latest_reasons.push(reason);
    }
}

/// The account, which the thread that reads writes and others look at.
#[derive(Clone, Debug, Default)]
pub(crate) struct SkipAccount(Arc<Mutex<SkippedShards>>);

impl SkipAccount {
    pub(crate) fn shard(&self, reason: String) {
        self.with(|skipped| {
            skipped.shards = skipped.shards.saturating_add(1);
            skipped.note(reason);
        });
    }

    pub(crate) fn document(&self, reason: String) {
        self.with(|skipped| {
            skipped.documents = skipped.documents.saturating_add(1);
            skipped.note(reason);
        });
    }

    pub(crate) fn cut_conversation(&self, reason: String) {
        self.with(|skipped| {
            skipped.cut_conversations = skipped.cut_conversations.saturating_add(1);
            skipped.note(reason);
        });
    }

    pub(crate) fn read(&self) -> SkippedShards {
        self.with(|skipped| skipped.clone())
    }

    fn with<T>(&self, work: impl FnOnce(&mut SkippedShards) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_counted_and_the_latest_reasons_are_kept() {
        let account = SkipAccount::default();
        (0..20).for_each(|number| account.document(number.to_string()));
        account.shard("shard".to_owned());
        let skipped = account.read();
        assert_eq!((skipped.documents, skipped.shards), (20, 1));
        let sentence = "shards left out: 1, documents left out: 20; the latest: shard";
        assert_eq!(skipped.sentence().as_deref(), Some(sentence));
        assert_eq!(SkippedShards::default().sentence(), None);
        assert_eq!(
            skipped.latest_reasons,
            ["13", "14", "15", "16", "17", "18", "19", "shard"]
        );
    }
}
