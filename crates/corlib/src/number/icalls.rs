//! `Interop.Sys.DoubleToString`.

use std::ffi::CStr;

use super::ExponentFormat;
use crate::prelude::{IcallTable, Managed, Thread, icall, throw};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("Interop/Sys")
        .add("DoubleToString", icall(double_to_string));
}

/// Writes the text and a NUL into the buffer and gives the text's length, as snprintf does.
fn double_to_string(
    t: &Thread,
    value: f64,
    format: *const libc::c_char,
    buffer: *mut u8,
    length: i32,
) -> Managed<i32> {
    // SAFETY: managed code passes a NUL-terminated format.
    let format = unsafe { CStr::from_ptr(format) };
    let Some(format) = ExponentFormat::parse(format.to_bytes()) else {
        return Err(throw(
            t,
            "System",
            "NotSupportedException",
            "Only exponent formats are supported.",
        ));
    };
    let text = format.format(value);
    if let Some(room) = usize::try_from(length)
        .ok()
        .and_then(|length| length.checked_sub(1))
    {
        let copied = text.len().min(room);
        // SAFETY: the buffer has `length` bytes, and `copied` + 1 is at most that.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), buffer, copied);
            buffer.add(copied).write(0);
        }
    }
    Ok(text.len() as i32)
}
