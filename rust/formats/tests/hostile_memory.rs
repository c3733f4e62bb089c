//! A hostile header must not make the gate take more than 64 MiB beyond the file it stands in. One
//! test in a process of its own, because the high-water mark belongs to the process.
#![cfg(target_os = "linux")]

use std::fs;

use headroom_formats::{Checkpoint, ConfigFile, check_tokenizer};

const MIB: u64 = 1 << 20;

/// Highest resident memory of this process so far.
fn high_water_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
    kibibytes
        .expect("a figure")
        .parse::<u64>()
        .expect("a number")
        * 1024
}

/// What an action adds to the high-water mark.
fn growth_bytes(action: impl FnOnce()) -> u64 {
    // Writing 5 resets the mark to what is resident now.
    fs::write("/proc/self/clear_refs", "5").expect("a reset");
    let before = high_water_bytes();
    action();
    high_water_bytes() - before
}

/// Repeats a piece until the text has this many bytes.
fn filled(start: &str, piece: &str, end: &str, length: u64) -> String {
    let count = (length as usize - start.len() - end.len()) / piece.len();
    format!("{start}{}{end}", piece.repeat(count))
}

fn safetensors(header: &str) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file
}

#[test]
fn hostile_files_stay_within_bounds() {
    hostile_headers_stay_within_bounds();
    hostile_json_stays_within_bounds();
}

fn hostile_headers_stay_within_bounds() {
    let directory = tempfile::tempdir().expect("a directory");
    let length = 60 * MIB;
    let tensor = r#""a":{"dtype":"F32","shape":["#;
    let headers = [
        filled(&format!("{{{tensor}"), "1,", "1]}}", length),
        filled("{\"a\":", "[", "", length),
        filled("{\"", "x", "\":1}", length),
        filled("{\"", "\\u0061", "\":1}", length),
        filled("{\"__metadata__\":{\"a\":\"\\n", "x", "\"}}", length),
        filled(
            "{\"__metadata__\":{",
            "\"a\":\"b\",",
            "\"a\":\"b\"}}",
            length,
        ),
        filled(
            "{",
            "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},",
            "}",
            length,
        ),
        filled("{\"a\":{\"dtype\":\"", "x", "\"}}", length),
    ];
    for (number, header) in headers.into_iter().enumerate() {
        let path = directory.path().join(format!("{number}.safetensors"));
        fs::write(&path, safetensors(&header)).expect("a file");
        drop(header);
        let growth = growth_bytes(|| {
            let opened = Checkpoint::open_file(&path);
            // Long metadata is foolish, but allowed.
            let is_metadata = (4..=5).contains(&number);
            assert_eq!(opened.is_ok(), is_metadata, "header {number}: {opened:?}");
        });
        assert!(
            growth < length + 64 * MIB,
            "header {number}: {growth} bytes"
        );
    }
}

fn hostile_json_stays_within_bounds() {
    let wide = filled("{\"a\":[", "0,", "0]}", 8 * MIB);
    let growth = growth_bytes(|| {
        assert!(ConfigFile::parse(wide.as_bytes(), "config.json".as_ref()).is_err());
    });
    assert!(
        growth < 64 * MIB,
        "a wide configuration took {growth} bytes"
    );
    for text in [
        filled("{\"model\":{\"vocab\":[", "[\"\",0],", "0]}}", 60 * MIB),
        filled("{\"model\":{\"x\":[", "0,", "0]}}", 60 * MIB),
        filled(
            "{\"added_tokens\":[",
            "{\"id\":0,\"content\":\"\"},",
            "0]}",
            60 * MIB,
        ),
    ] {
        let growth = growth_bytes(|| {
            assert!(check_tokenizer(text.as_bytes(), "tokenizer.json".as_ref()).is_err());
        });
        assert!(growth < 64 * MIB, "a wide tokenizer took {growth} bytes");
    }
}
