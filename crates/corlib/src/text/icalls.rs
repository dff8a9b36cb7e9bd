//! `EncodingHelper` and `Normalization`.

use super::{default_charset, internal_code_page};
use crate::prelude::{
    ByRef, IcallTable, Managed, StringRef, Thread, icall, optional_string, state,
};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Text.EncodingHelper")
        .add("InternalCodePage", icall(code_page));
    table
        .class("System.Text.Normalization")
        .add("load_normalization_resource", icall(normalization));
}

fn code_page(t: &Thread, number: ByRef<i32>) -> Managed<StringRef> {
    let page = internal_code_page(&default_charset(), number.get() != 0);
    number.set(page.number);
    optional_string(t, page.name.as_deref())
}

fn normalization(
    t: &Thread,
    properties: ByRef<usize>,
    mapped_chars: ByRef<usize>,
    char_map_index: ByRef<usize>,
    helper_index: ByRef<usize>,
    composites: ByRef<usize>,
    combining_class: ByRef<usize>,
) -> Managed<()> {
    let state = state(t);
    // Managed code keeps the addresses; the tables live in the runtime's state until it ends.
    let tables = state.normalization();
    properties.set(tables.properties.as_ptr() as usize);
    mapped_chars.set(tables.mapped_chars.as_ptr() as usize);
    char_map_index.set(tables.char_map_index.as_ptr() as usize);
    helper_index.set(tables.helper_index.as_ptr() as usize);
    composites.set(tables.composites.as_ptr() as usize);
    combining_class.set(tables.combining_class.as_ptr() as usize);
    Ok(())
}
