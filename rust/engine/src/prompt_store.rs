//! What models have seen, kept between generations: every cache knows its tokens, and a prompt that
//! begins with the same ones starts from there.
//!
//! There are tens of them at most, each of thousands of tokens: the longest common prefix is found by
//! looking at all.

use std::collections::HashMap;

use headroom_models::LanguageModel;

use crate::error::EngineError;
use crate::kv_cache::{CacheSettings, KvCache};
use crate::model_id::ModelId;

/// Names a prompt cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PromptCacheId(pub(crate) u64);

/// The cache that a generation works with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CacheInUse {
    pub(crate) id: PromptCacheId,
    pub(crate) settings: CacheSettings,
}

/// Tokens and what attention keeps of them.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) tokens: Vec<u32>,
    pub(crate) kv: KvCache,
}

/// A sequence that is about to be computed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead<'a> {
    pub(crate) prompt: &'a [u32],
    /// The most tokens that it can become, the prompt's included.
    pub(crate) most_tokens: u32,
}

/// Every prompt cache there is.
#[derive(Debug, Default)]
pub(crate) struct PromptCaches {
    entries: HashMap<PromptCacheId, Entry>,
    /// Counts uses.
    clock: u64,
    /// What all idle ones may take together, where the host has said so.
    limit_bytes: Option<u64>,
}

/// What idle caches may take of the memory that is there for them, where the host has not said.
const SHARE_OF_AVAILABLE: u64 = 4;

/// Tokens below which computing is as cheap as copying.
const FEWEST_WORTH_COPYING: usize = 16;

#[derive(Debug)]
struct Entry {
    model: ModelId,
    settings: CacheSettings,
    /// `None` while a generation works with it, and once it had to go.
    seen: Option<Seen>,
    /// Whether a host still holds it; what nobody holds serves other prompts, as long as there is room.
    is_held: bool,
    last_used: u64,
}

impl PromptCaches {
    /// Makes a cache that starts from `seen`.
    pub(crate) fn insert(
        &mut self,
        id: PromptCacheId,
        model: ModelId,
        settings: CacheSettings,
        seen: Seen,
    ) {
        let entry = Entry {
            seen: Some(seen),
            ..Entry::empty(model, settings, self.tick())
        };
        self.entries.insert(id, entry);
    }

    /// What a generation starts from: the cache of that name, cut back to what it shares with the prompt, or a copy of the beginning of another that shares more, or an empty one. At
    /// least the last token of the prompt is left to compute, for its logits.
    pub(crate) fn take(
        &mut self,
        CacheInUse { id, settings }: CacheInUse,
        model: (ModelId, &dyn LanguageModel),
        ahead: Ahead<'_>,
    ) -> Result<Seen, EngineError> {
        let now = self.tick();
        let entry = self.entries.entry(id);
        let entry = entry.or_insert_with(|| Entry::empty(model.0, settings, now));
        entry.last_used = now;
        let own = entry.seen.take().filter(|seen| seen.suits(ahead));
        let own = own.and_then(|seen| {
            let common = seen.common_tokens(ahead.prompt);
            seen.cut_to(common)
        });
        let own_tokens = own.as_ref().map_or(0, |seen| seen.tokens.len());
        let shared = self.longest_shared((model.0, settings), ahead, own_tokens)?;
        match shared.or(own) {
            Some(seen) => Ok(seen),
            None => Seen::nothing(model.1, settings, ahead.most_tokens),
        }
    }

    /// A copy of the longest beginning of the prompt that any cache with these settings has seen, where
    /// it is so much longer than `least` tokens that a copy is worth it.
    fn longest_shared(
        &mut self,
        (model, settings): (ModelId, CacheSettings),
        ahead: Ahead<'_>,
        least: usize,
    ) -> Result<Option<Seen>, EngineError> {
        let now = self.clock;
        let alike = self
            .entries
            .values_mut()
            .filter(|entry| entry.model == model && entry.settings == settings);
        let sharing = alike.filter_map(|entry| {
            let tokens = entry.seen.as_ref()?.shareable_tokens(ahead);
            (tokens >= least + FEWEST_WORTH_COPYING).then_some((tokens, entry))
        });
        let Some((tokens, entry)) = sharing.max_by_key(|(tokens, _)| *tokens) else {
            return Ok(None);
        };
        entry.last_used = now;
        match &entry.seen {
            Some(seen) => seen.beginning(tokens),
            None => Ok(None),
        }
    }

    /// Keeps what a generation leaves, unless the host has let the cache go meanwhile.
    pub(crate) fn put_back(&mut self, id: PromptCacheId, seen: Seen) {
        let now = self.tick();
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.seen = Some(seen);
            entry.last_used = now;
        }
    }

    pub(crate) fn get(&self, id: PromptCacheId) -> Option<&Seen> {
        self.entries.get(&id)?.seen.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: PromptCacheId) -> Option<&mut Seen> {
        self.entries.get_mut(&id)?.seen.as_mut()
    }

    /// Forgets the last `tokens`, or all where it cannot forget some, and says how many are left.
    pub(crate) fn trim(&mut self, id: PromptCacheId, tokens: usize) -> u32 {
        let Some(entry) = self.entries.get_mut(&id) else {
            return 0;
        };
        let seen = entry.seen.take();
        entry.seen = seen.and_then(|seen| {
            let left = seen.tokens.len().saturating_sub(tokens);
            seen.cut_to(left)
        });
        entry.seen.as_ref().map_or(0, |seen| seen.kv.tokens())
    }

    /// The host has no more use for it.
    pub(crate) fn release(&mut self, id: PromptCacheId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.is_held = false;
        }
        self.entries
            .retain(|_, entry| entry.is_held || entry.seen.is_some());
    }

    /// Bytes of all that no generation works with.
    pub(crate) fn idle_bytes(&self) -> u64 {
        self.entries.values().map(Entry::bytes).sum()
    }

    /// Sets what all idle ones may take together; `None` for a quarter of what is available.
    pub(crate) fn set_limit(&mut self, limit_bytes: Option<u64>) {
        self.limit_bytes = limit_bytes;
    }

    /// Lets go what there is no room for, but for the one `just_used`: its next turn would need the
    /// memory again at once.
    pub(crate) fn keep_within_limit(
        &mut self,
        available_bytes: Option<u64>,
        just_used: PromptCacheId,
    ) {
        let idle_bytes = self.idle_bytes();
        let share = available_bytes
            .map(|available| available.saturating_add(idle_bytes) / SHARE_OF_AVAILABLE);
        if let Some(limit_bytes) = self.limit_bytes.or(share) {
            self.keep_within(limit_bytes, Some(just_used));
        }
    }

    /// Lets all of it go; who needs it computes it again.
    pub(crate) fn drop_idle(&mut self) {
        self.keep_within(0, None);
    }

    /// Lets the least recently used go until the rest takes at most `limit_bytes`, `but` one left out.
    fn keep_within(&mut self, limit_bytes: u64, but: Option<PromptCacheId>) {
        let mut idle: Vec<_> = self
            .entries
            .iter_mut()
            .filter(|(id, entry)| entry.seen.is_some() && Some(**id) != but)
            .collect();
        idle.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.last_used));
        let mut kept_bytes = 0_u64;
        for (_, entry) in idle {
            kept_bytes = kept_bytes.saturating_add(entry.bytes());
            if kept_bytes > limit_bytes {
                entry.seen = None;
            }
        }
        self.entries
            .retain(|_, entry| entry.is_held || entry.seen.is_some());
    }

    /// Forgets the caches of all models but some.
    pub(crate) fn retain_models(&mut self, is_there: impl Fn(ModelId) -> bool) {
        self.entries.retain(|_, entry| is_there(entry.model));
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}

impl Entry {
    fn empty(model: ModelId, settings: CacheSettings, last_used: u64) -> Self {
        Self {
            model,
            settings,
            seen: None,
            is_held: true,
            last_used,
        }
    }

    fn bytes(&self) -> u64 {
        self.seen.as_ref().map_or(0, |seen| seen.kv.bytes())
    }
}

impl Seen {
    pub(crate) fn nothing(
        model: &dyn LanguageModel,
        settings: CacheSettings,
        most_tokens: u32,
    ) -> Result<Self, EngineError> {
        let mut kv = KvCache::new(model, settings)?;
        kv.model_cache.expect(most_tokens);
        Ok(Self {
            tokens: Vec::new(),
            kv,
        })
    }

    /// Whether what it keeps was rotated as this sequence's tokens will be.
    fn suits(&self, ahead: Ahead<'_>) -> bool {
        self.kv.model_cache.suits(ahead.most_tokens)
    }

    /// How many of its tokens `prompt` begins with, the prompt's last left out.
    fn common_tokens(&self, prompt: &[u32]) -> usize {
        let most = prompt.len().saturating_sub(1);
        let pairs = self.tokens.iter().zip(&prompt[..most]);
        pairs.take_while(|(seen, asked)| seen == asked).count()
    }

    /// The same, where a copy of them is as good as a new cache.
    fn shareable_tokens(&self, ahead: Ahead<'_>) -> usize {
        let tokens = self.common_tokens(ahead.prompt);
        match self.kv.is_as_set(tokens as u32) && self.suits(ahead) {
            true => tokens,
            false => 0,
        }
    }

    /// Forgets all but its first `tokens`; `None` where none are left or it cannot forget.
    fn cut_to(mut self, tokens: usize) -> Option<Self> {
        let surplus = self.tokens.len() - tokens;
        let is_cut = tokens > 0 && (surplus == 0 || self.kv.trim(surplus));
        self.tokens.truncate(tokens);
        is_cut.then_some(self)
    }

    pub(crate) fn copy(&self) -> Self {
        Self {
            tokens: self.tokens.clone(),
            kv: self.kv.copy(),
        }
    }

    fn beginning(&self, tokens: usize) -> Result<Option<Self>, EngineError> {
        let kv = self.kv.prefix(tokens)?;
        Ok(kv.map(|kv| Self {
            tokens: self.tokens[..tokens].to_vec(),
            kv,
        }))
    }
}
