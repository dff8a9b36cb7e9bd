//! Files, directories, pipes and standard streams, as `System.IO.MonoIO` sees them.
//!
//! A handle is the file descriptor itself. [`FileTable`] (one per runtime) keeps
//! what a descriptor cannot tell: access, sharing and the name it was opened by.

mod attributes;
mod directory;
mod drives;
mod error;
mod file_table;
mod find;
pub(crate) mod icalls;
mod path;
mod share;

pub use attributes::{FileAttributes, FileStat, attributes_of, set_attributes, stat_of};
pub use directory::{
    copy_file, create_directory, current_directory, delete_file, move_file, remove_directory,
    replace_file, set_current_directory, temp_path,
};
pub use drives::{DiskSpace, DriveType, disk_space, drive_format, drive_type, mount_points};
pub use error::IoError;
pub use file_table::{FileKind, FileTable, OpenOptions, SeekOrigin, StandardStream};
pub use find::{FindEntry, FindTable};
pub use path::path_from_utf16;
pub use share::{Access, Share};
