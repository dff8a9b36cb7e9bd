//! Terminal settings on descriptor 0: raw-ish mode, echo, control characters, size.

use std::os::fd::BorrowedFd;

use parking_lot::Mutex;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize,
    tcsetattr,
};

/// Number of control characters that `ConsoleDriver.TtySetup` hands to managed code.
pub const CONTROL_CHARACTERS: usize = 17;

/// Columns and rows packed as managed code reads them: columns << 16 | rows, −1 if unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TerminalSize(pub i32);

/// Terminal state of a runtime. Dropping it restores the settings found at set-up.
#[derive(Default, Debug)]
pub struct Terminal {
    settings: Mutex<Option<Settings>>,
}

#[derive(Debug)]
struct Settings {
    initial: Termios,
    current: Termios,
}

/// Whether a descriptor is a terminal.
#[must_use]
pub fn is_terminal(handle: isize) -> bool {
    match handle {
        0 => rustix::termios::isatty(rustix::stdio::stdin()),
        1 => rustix::termios::isatty(rustix::stdio::stdout()),
        2 => rustix::termios::isatty(rustix::stdio::stderr()),
        _ => false,
    }
}

/// Bytes waiting on standard input after at most `timeout` ms (negative: no limit).
#[must_use]
pub fn keys_available(timeout: i32) -> i32 {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let input = rustix::stdio::stdin();
    let limit = (timeout >= 0).then(|| Timespec {
        tv_sec: i64::from(timeout / 1000),
        tv_nsec: i64::from(timeout % 1000) * 1_000_000,
    });
    let mut fds = [PollFd::new(&input, PollFlags::IN)];
    match rustix::io::retry_on_intr(|| poll(&mut fds, limit.as_ref())) {
        Ok(ready) if ready > 0 => rustix::io::ioctl_fionread(input)
            .map_or(1, |bytes| i32::try_from(bytes).unwrap_or(i32::MAX)),
        _ => 0,
    }
}

impl Terminal {
    /// Prepares the terminal for reading keys: no line buffering, no flow control.
    /// Gives the control characters in managed order; `None` without a terminal.
    pub fn set_up(&self) -> Option<[u8; CONTROL_CHARACTERS]> {
        let input = rustix::stdio::stdin();
        let initial = tcgetattr(input).ok()?;
        let mut current = initial.clone();
        current.local_modes.remove(LocalModes::ICANON);
        current
            .input_modes
            .remove(InputModes::IXON | InputModes::IXOFF);
        current.special_codes[SpecialCodeIndex::VMIN] = 1;
        current.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(input, OptionalActions::Now, &current).ok()?;
        let controls = control_characters(&current);
        let mut settings = self.settings.lock();
        let initial = settings.take().map_or(initial, |before| before.initial);
        *settings = Some(Settings { initial, current });
        Some(controls)
    }

    /// Turns echo on or off.
    pub fn set_echo(&self, echo: bool) -> bool {
        self.change(|settings| settings.local_modes.set(LocalModes::ECHO, echo))
    }

    /// Whether a break is to be a signal (or be ignored).
    pub fn set_break(&self, signal: bool) -> bool {
        self.change(|settings| settings.input_modes.set(InputModes::IGNBRK, !signal))
    }

    fn change(&self, edit: impl Fn(&mut Termios)) -> bool {
        let input = rustix::stdio::stdin();
        let mut settings = self.settings.lock();
        let Some(settings) = settings.as_mut() else {
            return false;
        };
        let Ok(mut new) = tcgetattr(input) else {
            return false;
        };
        edit(&mut new);
        if tcsetattr(input, OptionalActions::Now, &new).is_err() {
            return false;
        }
        settings.current = new;
        true
    }

    /// Size of the terminal, or what `COLUMNS` and `LINES` say.
    #[must_use]
    pub fn size(variable: impl Fn(&str) -> Option<String>) -> TerminalSize {
        for fd in [rustix::stdio::stdin(), rustix::stdio::stdout()] {
            if let Some(size) = size_of(fd) {
                return size;
            }
        }
        let number = |name: &str| {
            variable(name)
                .and_then(|text| text.trim().parse::<i32>().ok())
                .unwrap_or(0)
        };
        match (number("COLUMNS"), number("LINES")) {
            (columns @ 1..=0x7fff, lines @ 1..=0xffff) => TerminalSize(columns << 16 | lines),
            _ => TerminalSize(-1),
        }
    }
}

fn size_of(fd: BorrowedFd<'_>) -> Option<TerminalSize> {
    let size = tcgetwinsize(fd).ok()?;
    (size.ws_col > 0).then(|| TerminalSize(i32::from(size.ws_col) << 16 | i32::from(size.ws_row)))
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(settings) = self.settings.get_mut() {
            // The terminal may be gone by now.
            let _ = tcsetattr(
                rustix::stdio::stdin(),
                OptionalActions::Flush,
                &settings.initial,
            );
        }
    }
}

/// Managed order (`ControlCharacters`): Intr Quit Erase Kill EOF Time Min SWTC Start Stop
/// Susp EOL Reprint Discard WErase LNext EOL2.
fn control_characters(settings: &Termios) -> [u8; CONTROL_CHARACTERS] {
    use SpecialCodeIndex as Index;
    [
        Index::VINTR,
        Index::VQUIT,
        Index::VERASE,
        Index::VKILL,
        Index::VEOF,
        Index::VTIME,
        Index::VMIN,
        Index::VSWTC,
        Index::VSTART,
        Index::VSTOP,
        Index::VSUSP,
        Index::VEOL,
        Index::VREPRINT,
        Index::VDISCARD,
        Index::VWERASE,
        Index::VLNEXT,
        Index::VEOL2,
    ]
    .map(|index| settings.special_codes[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_falls_back_to_variables() {
        let size = Terminal::size(|name| match name {
            "COLUMNS" => Some("80".to_owned()),
            "LINES" => Some("25".to_owned()),
            _ => None,
        });
        assert!(size == TerminalSize(80 << 16 | 25) || is_terminal(0) || is_terminal(1));
        assert!(!is_terminal(77));
    }
}
