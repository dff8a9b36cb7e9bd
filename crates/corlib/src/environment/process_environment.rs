//! Facts about the machine and the user.

use std::ffi::CStr;
use std::path::{Path, PathBuf};

/// `PlatformID.Unix`.
pub const PLATFORM_UNIX: i32 = 4;

/// Host name.
#[must_use]
pub fn machine_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// Kernel release as four numbers (`5.10.0.13`), as Mono builds its version from `uname`.
#[must_use]
pub fn operating_system_version() -> String {
    rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned()
}

/// Processors this process may run on.
#[must_use]
pub fn processor_count() -> i32 {
    std::thread::available_parallelism()
        .map_or(1, |count| i32::try_from(count.get()).unwrap_or(i32::MAX))
}

/// Login name of the user, from the password file.
#[must_use]
pub fn user_name() -> String {
    user_name_of(rustix::process::getuid().as_raw())
        .or_else(|| std::env::var("USER").ok())
        .unwrap_or_default()
}

/// Login name of a user.
#[must_use]
pub fn user_name_of(user: u32) -> Option<String> {
    password_entry(user).map(|entry| entry.name)
}

/// Home directory: `HOME`, else the password file's.
#[must_use]
pub fn home() -> PathBuf {
    std::env::var_os("HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from)
        .or_else(|| {
            password_entry(rustix::process::getuid().as_raw())
                .map(|entry| PathBuf::from(entry.home))
        })
        .unwrap_or_else(|| PathBuf::from("/"))
}

/// The configuration file for all programs (`machine.config`) of a library folder such as `/usr/lib/mono/4.5`.
#[must_use]
pub fn config_path(config_root: &Path, framework: &str) -> PathBuf {
    config_root
        .join("mono")
        .join(framework)
        .join("machine.config")
}

struct PasswordEntry {
    name: String,
    home: String,
}

fn password_entry(user: u32) -> Option<PasswordEntry> {
    let mut buffer = vec![0; 4096];
    // SAFETY: `passwd` is plain data of pointers and numbers; all zeros are valid.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    let mut found = std::ptr::null_mut();
    // SAFETY: all pointers are to live locals and the length is the buffer's; strings of the
    // entry point into `buffer`.
    let code = unsafe {
        libc::getpwuid_r(
            user,
            &raw mut entry,
            buffer.as_mut_ptr(),
            buffer.len(),
            &raw mut found,
        )
    };
    if code != 0 || found.is_null() {
        return None;
    }
    let text = |pointer: *const libc::c_char| {
        // SAFETY: a found entry's strings are NUL-terminated and live in `buffer`.
        unsafe { CStr::from_ptr(pointer) }
            .to_string_lossy()
            .into_owned()
    };
    Some(PasswordEntry {
        name: text(entry.pw_name),
        home: text(entry.pw_dir),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_has_a_name_and_processors() {
        assert!(!machine_name().is_empty());
        assert!(processor_count() >= 1);
        assert!(operating_system_version().starts_with(|c: char| c.is_ascii_digit()));
        assert!(home().is_absolute());
        assert!(!user_name().is_empty());
    }
}
