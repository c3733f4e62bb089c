//! A disk for tests that fails, fills up, stops or loses its power at any operation.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Signal, getpid, kill_process};

use super::disk::{Disk, DiskFile, SystemDisk};

/// What happens at the chosen operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It fails, and those after it work.
    Fails,
    /// From it on nothing can be made or written; deleting works.
    FillsUp,
    /// The process is gone: nothing more is done. Half of a write is.
    Stops,
    /// As `Stops`, and of what was not synced, half of each file and the new names are lost.
    LosesPower,
    /// This very process is killed, for who runs it in one of its own.
    Kills,
}

/// It syncs nothing, but remembers what was not.
#[derive(Clone)]
pub(super) struct FaultyDisk(Arc<Mutex<State>>);

struct State {
    fault: Option<(u64, Fault)>,
    operations: u64,
    is_over: bool,
    is_full: bool,
    unsynced_files: BTreeSet<PathBuf>,
    /// From and to.
    unsynced_names: Vec<(PathBuf, PathBuf)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Takes,
    Frees,
}

impl FaultyDisk {
    /// One on which everything works.
    pub(super) fn sound() -> Self {
        Self::new(None)
    }

    /// One with a fault at that operation, counted from 0.
    pub(super) fn with(fault: Fault, at: u64) -> Self {
        Self::new(Some((at, fault)))
    }

    fn new(fault: Option<(u64, Fault)>) -> Self {
        Self(Arc::new(Mutex::new(State {
            fault,
            operations: 0,
            is_over: false,
            is_full: false,
            unsynced_files: BTreeSet::new(),
            unsynced_names: Vec::new(),
        })))
    }

    /// How many operations there were.
    pub(super) fn operations(&self) -> u64 {
        self.state().operations
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation and says whether it may be done.
    fn operation(&self, kind: Kind) -> io::Result<()> {
        let mut state = self.state();
        let number = state.operations;
        state.operations += 1;
        if state.is_over {
            return Err(io::Error::other("the process is gone"));
        }
        match state.fault {
            Some((at, fault)) if at == number => state.happen(fault, kind),
            _ if state.is_full && kind == Kind::Takes => Err(ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }
}

impl State {
    fn happen(&mut self, fault: Fault, kind: Kind) -> io::Result<()> {
        match fault {
            Fault::Fails => return Err(io::Error::other("the disk fails")),
            Fault::FillsUp => {
                self.is_full = true;
                return match kind {
                    Kind::Takes => Err(ErrorKind::StorageFull.into()),
                    Kind::Frees => Ok(()),
                };
            }
            Fault::Stops => {}
            Fault::LosesPower => self.lose_unsynced(),
            Fault::Kills => kill_process(getpid(), Signal::KILL)?,
        }
        self.is_over = true;
        Err(io::Error::other("the process is gone"))
    }

    fn renamed(&mut self, from: &Path, to: &Path) {
        let files = std::mem::take(&mut self.unsynced_files).into_iter();
        let files = files.map(|path| match path.strip_prefix(from) {
            Ok(rest) => to.join(rest),
            Err(_) => path,
        });
        self.unsynced_files = files.collect();
        self.unsynced_names.push((from.to_owned(), to.to_owned()));
    }

    fn lose_unsynced(&mut self) {
        for path in &self.unsynced_files {
            let Ok(file) = OpenOptions::new().write(true).open(path) else {
                continue;
            };
            let length = file.metadata().unwrap().len();
            file.set_len(length / 2).unwrap();
        }
        for (from, to) in self.unsynced_names.drain(..).rev() {
            // What was deleted under its new name is gone under both.
            drop(fs::rename(to, from));
        }
    }
}

impl Disk for FaultyDisk {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.operation(Kind::Takes)?;
        SystemDisk.make_directory(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.operation(Kind::Takes)?;
        self.state().unsynced_files.insert(path.to_owned());
        Ok(Box::new(FaultyFile {
            disk: self.clone(),
            path: path.to_owned(),
            file: File::create(path)?,
        }))
    }

    fn link(&self, file: &Path, name: &Path) -> io::Result<()> {
        self.operation(Kind::Takes)?;
        SystemDisk.link(file, name)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operation(Kind::Frees)?;
        SystemDisk.rename(from, to)?;
        self.state().renamed(from, to);
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.operation(Kind::Frees)?;
        let names = &mut self.state().unsynced_names;
        names.retain(|(_, to)| to.parent() != Some(path));
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.operation(Kind::Frees)?;
        SystemDisk.remove_file(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.operation(Kind::Frees)?;
        SystemDisk.remove_directory(path)
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    path: PathBuf,
    file: File,
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.disk.operation(Kind::Takes) {
            self.file.write_all(&bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for FaultyFile {
    fn sync(&mut self) -> io::Result<()> {
        self.disk.operation(Kind::Frees)?;
        self.disk.state().unsynced_files.remove(&self.path);
        Ok(())
    }
}
