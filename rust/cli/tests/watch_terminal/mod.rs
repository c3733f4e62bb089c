//! The command on a terminal of its own, which the test holds the other end of.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::support::headroom;

/// The longest that a command may draw nothing while more is waited for.
const LONGEST_SILENCE: Timespec = Timespec {
    tv_sec: 60,
    tv_nsec: 0,
};

/// The running command and the terminal it draws on.
pub(crate) struct Watched {
    child: Child,
    terminal: File,
    /// Keeps the terminal open when the command has ended, so that its modes can be read.
    program_side: OwnedFd,
    modes_before: LocalModes,
    output: Vec<u8>,
}

/// What is left when the command has ended.
pub(crate) struct End {
    pub(crate) exit_code: Option<i32>,
    pub(crate) modes_before: LocalModes,
    pub(crate) modes_after: LocalModes,
    output: String,
}

impl Watched {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(variables: &[(&str, &str)]) -> Self {
        let mut command = headroom(["memory", "--watch", "1"]);
        Self::of(
            command
                .env_remove("NO_COLOR")
                .envs(variables.iter().copied()),
        )
    }

    /// Any command on a terminal.
    pub(crate) fn of(command: &mut Command) -> Self {
        let (terminal, program_side) = open_terminal();
        let side = || program_side.try_clone().unwrap();
        command
            .env("TERM", "xterm-256color")
            .stdin(side())
            .stdout(side())
            .stderr(side());
        Self {
            modes_before: modes(&program_side),
            child: command.spawn().unwrap(),
            terminal: File::from(terminal),
            program_side,
            output: Vec::new(),
        }
    }

    /// Reads until this word was drawn. Words only: blanks are not drawn but skipped.
    pub(crate) fn wait_for(&mut self, word: &str) {
        self.wait_until(|text| text.contains(word));
    }

    /// Reads until what was drawn so far is as it should be.
    pub(crate) fn wait_until(&mut self, is_there: impl Fn(&str) -> bool) {
        let mut block = [0; 4096];
        while !is_there(&self.text()) {
            self.wait_for_more();
            let count = self.terminal.read(&mut block).unwrap();
            self.output.extend_from_slice(&block[..count]);
        }
    }

    /// A command that draws nothing more would keep the test for ever.
    fn wait_for_more(&self) {
        let mut waiting = [PollFd::new(&self.terminal, PollFlags::IN)];
        let ready = poll(&mut waiting, Some(&LONGEST_SILENCE)).unwrap();
        assert!(ready > 0, "nothing more is drawn behind:\n{}", self.text());
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    /// Asks the command to end as the system does when it shuts down.
    pub(crate) fn terminate(&self) {
        let mut kill = Command::new("kill");
        let id = self.child.id().to_string();
        assert!(kill.args(["-TERM", &id]).status().unwrap().success());
    }

    /// Reads what it still draws and waits for its end.
    pub(crate) fn end(mut self) -> End {
        let reader = self.terminal.try_clone().unwrap();
        let rest = std::thread::spawn(move || read_to_mark(reader));
        let status = self.child.wait().unwrap();
        let modes_after = modes(&self.program_side);
        rustix::io::write(&self.program_side, MARK).unwrap();
        self.output.extend(rest.join().unwrap());
        End {
            exit_code: status.code(),
            modes_before: self.modes_before,
            modes_after,
            output: self.text(),
        }
    }

    /// All that was drawn so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }
}

impl End {
    /// The alternate screen was entered and left, the cursor hidden and shown.
    pub(crate) fn gives_the_screen_back(&self) -> bool {
        let is_undone = |done: &str, undone: &str| {
            let done = self.output.rfind(done);
            done.is_some() && self.output.rfind(undone) > done
        };
        is_undone("\x1b[?1049h", "\x1b[?1049l") && is_undone("\x1b[?25l", "\x1b[?25h")
    }

    /// Whether any foreground colour was set.
    pub(crate) fn has_colour(&self) -> bool {
        self.output.contains("\x1b[38;")
    }
}

/// Ends what a test reads: a terminal has no end of its own while somebody holds it.
const MARK: &[u8] = b"\0end\0";

fn read_to_mark(mut terminal: File) -> Vec<u8> {
    let (mut output, mut block) = (Vec::new(), [0; 4096]);
    while !output.ends_with(MARK) {
        let count = terminal.read(&mut block).unwrap();
        output.extend_from_slice(&block[..count]);
    }
    output
}

/// Both sides of a new terminal of 80 by 24.
fn open_terminal() -> (OwnedFd, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    // A program that holds our side keeps its own from ever being hung up.
    fcntl_setfd(&ours, FdFlags::CLOEXEC).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let program_side = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&program_side, size).unwrap();
    (ours, program_side)
}

/// Whether lines are edited and keys shown and turned into signals.
fn modes(terminal: &OwnedFd) -> LocalModes {
    tcgetattr(terminal).unwrap().local_modes
}
