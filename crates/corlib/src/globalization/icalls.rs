//! `CultureInfo`, `CultureData`, `CalendarData`, `RegionInfo`, `CompareInfo`.

use super::{Culture, CultureIndex, NumberFormatEntry, compare, current_locale_name, index_of};
use crate::prelude::{
    ArrayRef, Field, IcallTable, Managed, ObjRef, StringRef, Thread, icall, new_object,
    new_reference_array, new_string, optional_string, state, store_element, store_field,
    string_array, throw, utf16,
};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Globalization.CultureInfo")
        .add(
            "construct_internal_locale_from_lcid",
            icall(culture_from_lcid),
        )
        .add(
            "construct_internal_locale_from_name",
            icall(culture_from_name),
        )
        .add("get_current_locale_name", icall(locale_name))
        .add("internal_get_cultures", icall(cultures));
    table
        .class("System.Globalization.CultureData")
        .add("fill_culture_data", icall(culture_data))
        .add("fill_number_data", icall(number_data));
    table
        .class("System.Globalization.CalendarData")
        .add("fill_calendar_data", icall(calendar_data));
    table.class("System.Globalization.RegionInfo").add(
        "construct_internal_region_from_name",
        icall(region_from_name),
    );
    table
        .class("System.Globalization.CompareInfo")
        .add("internal_compare_icall", icall(compare_units))
        .add("internal_index_icall", icall(index_units));
}

/// Fields of one class, to be filled from a culture.
struct Target<'t> {
    thread: &'t Thread,
    class: &'static str,
    object: ObjRef,
}

impl Target<'_> {
    fn field(&self, name: &'static str) -> Field {
        Field {
            class: self.class,
            name,
        }
    }

    fn text(&self, field: &'static str, text: &str) -> Managed<()> {
        let value = new_string(self.thread, text)?;
        store_field(self.thread, self.object, &self.field(field), value.object());
        Ok(())
    }

    fn list(&self, field: &'static str, texts: &[&str]) -> Managed<()> {
        let value = string_array(self.thread, texts)?;
        store_field(self.thread, self.object, &self.field(field), value.object());
        Ok(())
    }

    fn number(&self, field: &'static str, value: i32) {
        self.object
            .write(self.field(field).offset(self.thread), value);
    }

    fn flag(&self, field: &'static str, value: bool) {
        self.object
            .write(self.field(field).offset(self.thread), u8::from(value));
    }

    fn pointer<T>(&self, field: &'static str, value: &T) {
        self.object.write(
            self.field(field).offset(self.thread),
            std::ptr::from_ref(value) as usize,
        );
    }
}

fn locale_name(t: &Thread) -> Managed<StringRef> {
    let state = state(t);
    optional_string(
        t,
        current_locale_name(|name| state.variables.get(name)).as_deref(),
    )
}

fn fill_culture(t: &Thread, object: ObjRef, culture: Culture<'_>) -> Managed<()> {
    let target = Target {
        thread: t,
        class: "System.Globalization.CultureInfo",
        object,
    };
    target.number("cultureID", culture.number("lcid"));
    target.text("m_name", culture.text("name"))?;
    target.text("englishname", culture.text("english-name"))?;
    target.text("nativename", culture.text("native-name"))?;
    target.text("win3lang", culture.text("win3"))?;
    target.text("iso3lang", culture.text("iso3"))?;
    target.text("iso2lang", culture.text("iso2"))?;
    if let Some(territory) = culture.territory() {
        target.text("territory", territory)?;
    }
    target.list(
        "native_calendar_names",
        &culture.list("native-calendar-names"),
    )?;
    target.number("parent_lcid", culture.number("parent-lcid"));
    target.number("datetime_index", culture.index().0 as i32);
    target.number("number_index", culture.index().0 as i32);
    target.number("default_calendar_type", culture.number("calendar-type"));
    target.pointer("textinfo_data", culture.text_info());
    Ok(())
}

fn culture_from_name(t: &Thread, this: ObjRef, name: StringRef) -> Managed<bool> {
    let state = state(t);
    let catalog = state.catalog();
    let Some(culture) = catalog
        .by_name(&name.to_string_lossy())
        .and_then(|index| catalog.get(index))
    else {
        return Ok(false);
    };
    fill_culture(t, this, culture).map(|()| true)
}

fn culture_from_lcid(t: &Thread, this: ObjRef, lcid: i32) -> Managed<bool> {
    let state = state(t);
    let catalog = state.catalog();
    let Some(culture) = catalog.by_lcid(lcid).and_then(|index| catalog.get(index)) else {
        return Ok(false);
    };
    fill_culture(t, this, culture).map(|()| true)
}

/// Neutral and specific cultures; the first element of a list with neutral ones is
/// null and stands for the invariant culture, which managed code puts there.
fn cultures(t: &Thread, neutral: bool, specific: bool, _installed: bool) -> Managed<ArrayRef> {
    let state = state(t);
    let wanted: Vec<_> = state
        .catalog()
        .cultures()
        .filter(|culture| {
            if culture.territory().is_none() {
                neutral
            } else {
                specific
            }
        })
        .collect();
    let first = usize::from(neutral);
    let array = new_reference_array(
        t,
        "System.Globalization",
        "CultureInfo",
        wanted.len() + first,
    )?;
    for (index, culture) in wanted.into_iter().enumerate() {
        let object = new_object(t, "System.Globalization", "CultureInfo")?;
        fill_culture(t, object, culture)?;
        let target = Target {
            thread: t,
            class: "System.Globalization.CultureInfo",
            object,
        };
        target.flag("constructed", true);
        target.flag("m_useUserOverride", true);
        store_element(t, array, first + index, object);
    }
    Ok(array)
}

fn culture_data(t: &Thread, this: ObjRef, index: i32) -> Managed<()> {
    let state = state(t);
    let culture = usize::try_from(index)
        .ok()
        .and_then(|index| state.catalog().get(CultureIndex(index)));
    let Some(culture) = culture else {
        return Err(bad_index(t));
    };
    let target = Target {
        thread: t,
        class: "System.Globalization.CultureData",
        object: this,
    };
    target.text("sAM1159", culture.text("am"))?;
    target.text("sPM2359", culture.text("pm"))?;
    target.text("sTimeSeparator", culture.text("time-separator"))?;
    target.list("saLongTimes", &culture.list("long-times"))?;
    target.list("saShortTimes", &culture.list("short-times"))?;
    target.number("iFirstDayOfWeek", culture.number("first-day"));
    target.number("iFirstWeekOfYear", culture.number("week-rule"));
    Ok(())
}

fn bad_index(t: &Thread) -> crate::prelude::Thrown {
    throw(
        t,
        "System",
        "ArgumentOutOfRangeException",
        "The culture index is not one of this runtime.",
    )
}

fn number_data(t: &Thread, index: i32, entry: *mut NumberFormatEntry) -> Managed<*const u8> {
    let state = state(t);
    let formats = state.number_formats();
    let found = usize::try_from(index)
        .ok()
        .and_then(|index| formats.get(index));
    let Some(found) = found else {
        return Err(bad_index(t));
    };
    // SAFETY: managed code passes the address of a struct of this layout.
    unsafe { entry.write_unaligned(*found) };
    // The texts live in the runtime's state until it ends.
    Ok(formats.texts().as_ptr())
}

fn calendar_data(t: &Thread, this: ObjRef, name: StringRef, _calendar: i32) -> Managed<bool> {
    let state = state(t);
    let catalog = state.catalog();
    let Some(culture) = catalog
        .by_name(&name.to_string_lossy())
        .and_then(|index| catalog.get(index))
    else {
        return Ok(false);
    };
    let target = Target {
        thread: t,
        class: "System.Globalization.CalendarData",
        object: this,
    };
    target.text("sNativeName", culture.text("native-name"))?;
    target.text("sMonthDay", culture.text("month-day"))?;
    for (field, key) in [
        ("saShortDates", "short-dates"),
        ("saYearMonths", "year-months"),
        ("saLongDates", "long-dates"),
        ("saDayNames", "days"),
        ("saAbbrevDayNames", "abbreviated-days"),
        ("saSuperShortDayNames", "shortest-days"),
        ("saMonthNames", "months"),
        ("saAbbrevMonthNames", "abbreviated-months"),
        ("saMonthGenitiveNames", "genitive-months"),
        ("saAbbrevMonthGenitiveNames", "abbreviated-genitive-months"),
    ] {
        target.list(field, &culture.list(key))?;
    }
    Ok(true)
}

fn region_from_name(t: &Thread, this: ObjRef, name: StringRef) -> Managed<bool> {
    let state = state(t);
    let Some(region) = state.catalog().region(&name.to_string_lossy()) else {
        return Ok(false);
    };
    let target = Target {
        thread: t,
        class: "System.Globalization.RegionInfo",
        object: this,
    };
    target.number("regionId", region.id());
    target.text("iso2Name", region.element("names", 0))?;
    target.text("iso3Name", region.element("names", 1))?;
    target.text("win3Name", region.element("names", 2))?;
    target.text("englishName", region.text("english"))?;
    target.text("nativeName", region.text("native"))?;
    target.text("currencySymbol", region.element("currency", 0))?;
    target.text("isoCurrencySymbol", region.element("currency", 1))?;
    target.text("currencyEnglishName", region.text("currency-english"))?;
    target.text("currencyNativeName", region.text("currency-native"))?;
    Ok(true)
}

fn compare_units(
    _t: &Thread,
    left: *const u16,
    left_len: i32,
    right: *const u16,
    right_len: i32,
    options: i32,
) -> Managed<i32> {
    Ok(compare(
        utf16(left, left_len),
        utf16(right, right_len),
        options,
    ))
}

fn index_units(
    _t: &Thread,
    source: *const u16,
    start: i32,
    count: i32,
    value: *const u16,
    value_len: i32,
    first: bool,
) -> Managed<i32> {
    // The icall does not say how long the source is; the range is inside of it.
    let length = if first {
        start.saturating_add(count)
    } else {
        start.saturating_add(1)
    };
    let (Ok(start), Ok(count)) = (usize::try_from(start), usize::try_from(count)) else {
        return Ok(-1);
    };
    let found = index_of(
        utf16(source, length),
        start,
        count,
        utf16(value, value_len),
        first,
    );
    Ok(found.map_or(-1, |at| at as i32))
}
