//! Prints the memory state of its own process as JSON. With `--take BYTES` it
//! first takes that much, if the system lets it; with `--hold` it then waits
//! for the end of its standard input.

use std::error::Error;
use std::hint::black_box;
use std::io::Read;

use headroom_memory::{ByteSize, MemoryObserver, system_probe};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let observer = MemoryObserver::new(system_probe());
    let taken = match arguments.iter().position(|argument| argument == "--take") {
        Some(at) => take(
            arguments
                .get(at + 1)
                .ok_or("--take wants a size")?
                .parse()?,
        )?,
        None => Vec::new(),
    };
    println!("{}", serde_json::to_string(&observer.observe()?)?);
    if arguments.iter().any(|argument| argument == "--hold") {
        std::io::stdin().read_to_end(&mut Vec::new())?;
    }
    drop(black_box(taken));
    Ok(())
}

/// Memory that is not only promised but resident, for every page is written to.
fn take(size: ByteSize) -> Result<Vec<u8>, Box<dyn Error>> {
    let bytes = usize::try_from(size.bytes())?;
    let mut block = Vec::new();
    block.try_reserve_exact(bytes)?;
    block.resize(bytes, 1);
    Ok(block)
}
