//! The system's copy of a model's files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads all weights through, so that they come from memory the next time, and gives their bytes:
/// a system may let go of them between two loads.
pub(crate) fn warm(directory: &Path) -> io::Result<usize> {
    let mut buffer = vec![0; 1 << 20];
    let mut total_bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "safetensors") {
            let mut file = File::open(path)?;
            loop {
                match file.read(&mut buffer)? {
                    0 => break,
                    read_bytes => total_bytes += read_bytes,
                }
            }
        }
    }
    Ok(total_bytes)
}
