//! Shards that are downloaded ahead on a thread and deleted behind, so that no more than some lie on
//! the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use headroom_hub::HubError;

use super::error::DataError;
use super::remote::RemoteShards;
use super::shard_store::NotHeld;
use super::waiting::waited_for;

/// The shards that train, in their order, again and again.
pub(crate) struct Streaming {
    remote: Arc<RemoteShards>,
    most: usize,
    is_stopped: Arc<AtomicBool>,
    downloads: Option<Downloads>,
}

/// What a thread brings.
struct Downloads {
    arrivals: Receiver<Arrival>,
    permits: Sender<()>,
    is_stopped: Arc<AtomicBool>,
}

struct Arrival {
    number: usize,
    result: Result<PathBuf, HubError>,
}

/// The right to keep a shard on the disk, which goes back when this is dropped.
pub(crate) struct Lease {
    remote: Arc<RemoteShards>,
    number: usize,
    is_deleted_behind: bool,
    permits: Sender<()>,
}

impl Lease {
    /// Lets another shard take the place of this one.
    pub(crate) fn finish(self) {
        if self.is_deleted_behind {
            self.remote.discard(self.number);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Where nobody downloads any more, nobody needs the permit.
        let _ = self.permits.send(());
    }
}

impl Streaming {
    /// Keeps at most `most` shards, until `is_stopped`.
    pub(super) fn new(remote: Arc<RemoteShards>, most: usize, is_stopped: Arc<AtomicBool>) -> Self {
        Self {
            remote,
            most,
            is_stopped,
            downloads: None,
        }
    }

    /// Waits for a shard. Those behind it are then on their way.
    pub(super) fn hold(&mut self, number: usize) -> Result<(PathBuf, Lease), NotHeld> {
        loop {
            if self.downloads.is_none() {
                self.downloads = Some(self.start(number).map_err(NotHeld::Data)?);
            }
            let arrival = self.arrival()?;
            if arrival.number != number {
                // Reading goes on elsewhere than was foreseen.
                self.downloads = None;
                continue;
            }
            return self.received(arrival);
        }
    }

    fn arrival(&mut self) -> Result<Arrival, NotHeld> {
        let fault = || NotHeld::Data(DataError::Fault);
        let downloads = self.downloads.as_ref().ok_or_else(fault)?;
        let is_stopped = || self.is_stopped.load(Ordering::Relaxed);
        waited_for(&downloads.arrivals, &is_stopped).map_err(NotHeld::Data)
    }

    fn received(&self, arrival: Arrival) -> Result<(PathBuf, Lease), NotHeld> {
        let permits = self
            .downloads
            .as_ref()
            .map(|downloads| downloads.permits.clone());
        // Without a shard the permit goes back at once.
        let lease = Lease {
            remote: Arc::clone(&self.remote),
            number: arrival.number,
            is_deleted_behind: self.training_count() > self.most,
            permits: permits.ok_or(NotHeld::Data(DataError::Fault))?,
        };
        Ok((arrival.result?, lease))
    }

    /// The last shard validates.
    fn training_count(&self) -> usize {
        self.remote.files().len().saturating_sub(1)
    }

    fn start(&self, from: usize) -> Result<Downloads, DataError> {
        let count = self.training_count().max(1);
        // What an earlier run left must not come on top.
        let is_ahead = |number: usize| (number + count - from % count) % count < self.most;
        (0..count)
            .filter(|number| !is_ahead(*number))
            .for_each(|number| self.remote.discard(number));
        let (permits, granted) = channel();
        for _ in 0..self.most {
            let _ = permits.send(());
        }
        let (sender, arrivals) = channel();
        let is_stopped = Arc::new(AtomicBool::new(false));
        let (remote, stop) = (Arc::clone(&self.remote), Arc::clone(&is_stopped));
        let numbers = (0..count).cycle().skip(from % count);
        let thread = thread::Builder::new().name("shard downloads".to_owned());
        // It is not waited for: a silent network would keep whoever trains from ending.
        thread
            .spawn(move || download(&remote, numbers, &granted, &sender, &stop))
            .map_err(DataError::Thread)?;
        Ok(Downloads {
            arrivals,
            permits,
            is_stopped,
        })
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}

/// Downloads shards as long as there are permits for them and somebody takes them.
fn download(
    remote: &RemoteShards,
    numbers: impl Iterator<Item = usize>,
    permits: &Receiver<()>,
    arrivals: &Sender<Arrival>,
    stop: &AtomicBool,
) {
    for number in numbers {
        if permits.recv().is_err() || stop.load(Ordering::Relaxed) {
            return;
        }
        let result = remote.fetch(number, stop);
        if arrivals.send(Arrival { number, result }).is_err() {
            return;
        }
    }
}
