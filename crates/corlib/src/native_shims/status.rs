//! `Interop.Sys.FileStatus`.

use rustix::fs::Stat;

/// Result of `stat`, in the layout that managed code reads.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(
    missing_docs,
    reason = "the names are the managed struct's, in its order"
)]
pub struct FileStatus {
    pub flags: i32,
    pub mode: i32,
    pub uid: u32,
    pub gid: u32,
    pub size: i64,
    pub atime: i64,
    pub atime_nsec: i64,
    pub mtime: i64,
    pub mtime_nsec: i64,
    pub ctime: i64,
    pub ctime_nsec: i64,
    pub birth_time: i64,
    pub birth_time_nsec: i64,
    pub dev: i64,
    pub ino: i64,
    pub user_flags: u32,
}

impl From<&Stat> for FileStatus {
    fn from(stat: &Stat) -> FileStatus {
        FileStatus {
            flags: 0,
            mode: stat.st_mode as i32,
            uid: stat.st_uid,
            gid: stat.st_gid,
            size: stat.st_size,
            atime: stat.st_atime,
            atime_nsec: stat.st_atime_nsec as i64,
            mtime: stat.st_mtime,
            mtime_nsec: stat.st_mtime_nsec as i64,
            ctime: stat.st_ctime,
            ctime_nsec: stat.st_ctime_nsec as i64,
            birth_time: 0,
            birth_time_nsec: 0,
            dev: stat.st_dev as i64,
            ino: stat.st_ino as i64,
            user_flags: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_of_the_root() {
        let status = FileStatus::from(&rustix::fs::stat("/").unwrap());
        assert_eq!(status.mode & 0o170_000, 0o040_000);
        // 4 numbers of 4 bytes, 11 of 8, one of 4, padded to 8.
        assert_eq!(size_of::<FileStatus>(), 112);
    }
}
