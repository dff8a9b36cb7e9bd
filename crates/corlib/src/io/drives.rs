//! Mounted file systems.

use std::path::{Path, PathBuf};

use rustix::fs::{statfs, statvfs};

use super::IoError;

/// Bytes of a file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiskSpace {
    /// Free for this user.
    pub available: u64,
    /// All.
    pub total: u64,
    /// Free for the administrator.
    pub free: u64,
}

/// `System.IO.DriveType`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DriveType {
    /// Not in the table of known file systems.
    Unknown = 0,
    /// No file system is there.
    NoRootDirectory = 1,
    /// A local disk.
    Fixed = 3,
    /// A network file system.
    Remote = 4,
    /// An optical disk.
    CdRom = 5,
    /// A file system without a device.
    Ram = 6,
}

/// File systems by magic number (statfs(2), linux/magic.h), with Mono's names.
const FILE_SYSTEMS: &[(u64, &str, DriveType)] = &[
    (0x0000_ef53, "ext", DriveType::Fixed),
    (0x9123_683e, "btrfs", DriveType::Fixed),
    (0x5846_5342, "xfs", DriveType::Fixed),
    (0x0102_1994, "tmpfs", DriveType::Ram),
    (0x8584_58f6, "ramfs", DriveType::Ram),
    (0x0000_9fa0, "proc", DriveType::Ram),
    (0x6265_6572, "sysfs", DriveType::Ram),
    (0x6462_6720, "debugfs", DriveType::Ram),
    (0x7363_6673, "securityfs", DriveType::Ram),
    (0x0000_1cd1, "devpts", DriveType::Ram),
    (0x0027_e0eb, "cgroupfs", DriveType::Ram),
    (0x6265_6570, "configfs", DriveType::Ram),
    (0x6573_5546, "fuse", DriveType::Ram),
    (0x0000_0187, "autofs", DriveType::Ram),
    (0x9584_58f6, "hugetlbfs", DriveType::Ram),
    (0x28cd_3d45, "cramfs", DriveType::Ram),
    (0x0000_f15f, "eCryptfs", DriveType::Ram),
    (0x0000_6969, "nfs", DriveType::Remote),
    (0xff53_4d42, "cifs", DriveType::Remote),
    (0x0000_517b, "samba", DriveType::Remote),
    (0x00c3_6400, "ceph", DriveType::Remote),
    (0x7375_7245, "coda", DriveType::Remote),
    (0x0116_1970, "gfs2", DriveType::Remote),
    (0x0102_1997, "9p", DriveType::Fixed),
    (0x0000_4d44, "msdos", DriveType::Fixed),
    (0x5346_544e, "ntfs", DriveType::Fixed),
    (0x7371_7368, "squashfs", DriveType::Fixed),
    (0x5265_4973, "reiserfs", DriveType::Fixed),
    (0x3153_464a, "jfs", DriveType::Fixed),
    (0x0000_72b6, "jffs2", DriveType::Fixed),
    (0x2405_1905, "ubifs", DriveType::Fixed),
    (0x0000_4244, "hfs", DriveType::Fixed),
    (0x0000_482b, "hfsplus", DriveType::Fixed),
    (0x0000_9660, "iso", DriveType::CdRom),
    (0x1501_3346, "udf", DriveType::CdRom),
];

fn file_system(path: &Path) -> Option<(&'static str, DriveType)> {
    let magic = statfs(path).ok()?.f_type as u64 & 0xffff_ffff;
    FILE_SYSTEMS
        .iter()
        .find(|entry| entry.0 == magic)
        .map(|&(_, name, kind)| (name, kind))
}

/// Kind of the file system at a path.
#[must_use]
pub fn drive_type(path: &Path) -> DriveType {
    if statfs(path).is_err() {
        return DriveType::NoRootDirectory;
    }
    file_system(path).map_or(DriveType::Unknown, |(_, kind)| kind)
}

/// Name of the file system at a path, if it is a known one.
#[must_use]
pub fn drive_format(path: &Path) -> Option<&'static str> {
    file_system(path).map(|(name, _)| name)
}

/// Free and total bytes of the file system at a path.
///
/// # Errors
/// What the system reports, for example `FILE_NOT_FOUND`.
pub fn disk_space(path: &Path) -> Result<DiskSpace, IoError> {
    let stat = statvfs(path)?;
    Ok(DiskSpace {
        available: stat.f_bavail.saturating_mul(stat.f_frsize),
        total: stat.f_blocks.saturating_mul(stat.f_frsize),
        free: stat.f_bfree.saturating_mul(stat.f_frsize),
    })
}

/// Mount points that `Environment.GetLogicalDrives` names: those with a device,
/// overlays, network and user file systems.
#[must_use]
pub fn mount_points() -> Vec<PathBuf> {
    let Ok(text) = std::fs::read_to_string("/proc/self/mountinfo") else {
        return Vec::new();
    };
    parse_mount_info(&text)
}

fn parse_mount_info(text: &str) -> Vec<PathBuf> {
    text.lines()
        .filter_map(|line| {
            // proc(5): id parent device root mount-point options … - type source options
            let (left, right) = line.split_once(" - ")?;
            let mount_point = left.split(' ').nth(4)?;
            let mut right = right.split(' ');
            let kind = right.next()?;
            let source = right.next()?;
            let listed = source.starts_with('/')
                || source == "overlay"
                || kind == "aufs"
                || kind == "nfs"
                || (kind.starts_with("fuse.") && kind != "fuse.gvfs-fuse-daemon");
            listed.then(|| PathBuf::from(unescape(mount_point)))
        })
        .collect()
}

/// mountinfo writes blanks and the like as `\ooo`.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let digits = rest.get(at + 1..at + 4);
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                out.push(char::from(byte));
                rest = &rest[at + 4..];
            }
            None => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mountinfo_lines() {
        let text = "22 1 254:0 / / rw - ext4 /dev/vda rw\n\
                    23 22 0:5 / /proc rw - proc proc rw\n\
                    24 22 0:6 / /a\\040b rw shared:1 - nfs host:/x rw\n\
                    broken line\n";
        assert_eq!(
            parse_mount_info(text),
            [PathBuf::from("/"), PathBuf::from("/a b")]
        );
    }

    #[test]
    fn proc_is_a_memory_file_system() {
        assert_eq!(drive_type(Path::new("/proc")), DriveType::Ram);
        assert_eq!(drive_format(Path::new("/proc")), Some("proc"));
        assert_eq!(
            drive_type(Path::new("/no-such-path")),
            DriveType::NoRootDirectory
        );
        assert!(disk_space(Path::new("/")).unwrap().total > 0);
    }
}
