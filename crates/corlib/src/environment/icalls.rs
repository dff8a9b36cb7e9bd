//! `System.Environment`, `System.Configuration` paths, `RuntimeInformation`.

use std::ffi::CStr;
use std::sync::atomic::Ordering;

use crate::environment::{self, PLATFORM_UNIX};
use crate::prelude::{
    ArrayRef, IcallTable, Managed, ObjRef, StringRef, Thread, icall, new_string, optional_string,
    state, string_array, utf16,
};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Environment")
        .add("Exit", icall(exit))
        .add("FailFast", icall(fail_fast))
        .add("GetCommandLineArgs", icall(command_line))
        .add("GetEnvironmentVariableNames", icall(variable_names))
        .add("GetIs64BitOperatingSystem", icall(is_64_bit))
        .add("GetLogicalDrivesInternal", icall(logical_drives))
        .add("GetMachineConfigPath", icall(machine_config_path))
        .add("GetNewLine", icall(new_line))
        .add("GetOSVersionString", icall(os_version))
        .add("GetPageSize", icall(page_size))
        .add("GetWindowsFolderPath", icall(windows_folder))
        .add("InternalSetEnvironmentVariable", icall(set_variable))
        .add("get_ExitCode", icall(exit_code))
        .add("get_HasShutdownStarted", icall(has_shutdown_started))
        .add("get_MachineName", icall(machine_name))
        .add("get_Platform", icall(platform))
        .add("get_ProcessorCount", icall(processor_count))
        .add("get_TickCount", icall(tick_count))
        .add("get_UserName", icall(user_name))
        .add("get_bundled_machine_config", icall(no_bundled_config))
        .add(
            "internalBroadcastSettingChange",
            icall(broadcast_setting_change),
        )
        .add("internalGetEnvironmentVariable_native", icall(variable))
        .add("internalGetGacPath", icall(gac_path))
        .add("internalGetHome", icall(home))
        .add("set_ExitCode", icall(set_exit_code));
    table
        .class("System.Configuration.DefaultConfig")
        .add("get_bundled_machine_config", icall(no_bundled_config))
        .add("get_machine_config_path", icall(machine_config_path));
    table
        .class("System.Configuration.InternalConfigurationHost")
        .add("get_bundled_app_config", icall(no_bundled_config))
        .add("get_bundled_machine_config", icall(no_bundled_config));
    table
        .class("System.Runtime.InteropServices.RuntimeInformation")
        .add("GetOSName", icall(os_name))
        .add("GetRuntimeArchitecture", icall(architecture));
    table
        .class("System.Runtime.Versioning.VersioningHelper")
        .add("GetRuntimeId", icall(runtime_id));
    table.class("System.CLRConfig").add(
        "CheckThrowUnobservedTaskExceptions",
        icall(throw_unobserved),
    );
    table
        .class("Mono.Runtime")
        .add("GetDisplayName", icall(display_name));
}

fn exit(t: &Thread, code: i32) -> Managed<()> {
    state(t).exit(code);
    Ok(())
}

fn fail_fast(t: &Thread, message: StringRef, exception: ObjRef, source: StringRef) -> Managed<()> {
    let _ = (exception, source);
    // The program asked for a crash; its message goes where crashes are reported.
    eprintln!("FATAL ERROR: {}", message.to_string_lossy());
    let _ = t;
    std::process::abort();
}

fn command_line(t: &Thread) -> Managed<ArrayRef> {
    string_array(t, state(t).command_line())
}

fn variable_names(t: &Thread) -> Managed<ArrayRef> {
    string_array(t, state(t).variables.names())
}

fn variable(t: &Thread, name: *const libc::c_char) -> Managed<StringRef> {
    if name.is_null() {
        return Ok(StringRef::NULL);
    }
    // SAFETY: managed code passes a NUL-terminated UTF-8 text that it keeps until we return.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    optional_string(t, state(t).variables.get(&name).as_deref())
}

fn set_variable(
    t: &Thread,
    name: *const u16,
    name_len: i32,
    value: *const u16,
    value_len: i32,
) -> Managed<()> {
    let name = String::from_utf16_lossy(utf16(name, name_len));
    let value = String::from_utf16_lossy(utf16(value, value_len));
    let unset = value.is_empty() || value.starts_with('\0');
    state(t)
        .variables
        .set(&name, (!unset).then_some(value.as_str()));
    Ok(())
}

fn is_64_bit(_t: &Thread) -> Managed<bool> {
    Ok(true)
}

fn logical_drives(t: &Thread) -> Managed<ArrayRef> {
    string_array(
        t,
        crate::io::mount_points()
            .iter()
            .map(|path| path.to_string_lossy().into_owned()),
    )
}

/// Folder of Mono's configuration, beside which the class library was found.
const CONFIG_ROOT: &str = "/etc";

fn machine_config_path(t: &Thread) -> Managed<StringRef> {
    let path = environment::config_path(std::path::Path::new(CONFIG_ROOT), "4.5");
    new_string(t, &path.to_string_lossy())
}

fn no_bundled_config(_t: &Thread) -> Managed<StringRef> {
    Ok(StringRef::NULL)
}

fn new_line(t: &Thread) -> Managed<StringRef> {
    new_string(t, "\n")
}

fn os_version(t: &Thread) -> Managed<StringRef> {
    new_string(t, &environment::operating_system_version())
}

fn os_name(t: &Thread) -> Managed<StringRef> {
    new_string(t, "linux")
}

fn architecture(t: &Thread) -> Managed<StringRef> {
    new_string(t, "x86-64")
}

fn runtime_id(_t: &Thread) -> Managed<i32> {
    Ok(9)
}

fn throw_unobserved(_t: &Thread) -> Managed<bool> {
    Ok(false)
}

fn display_name(t: &Thread) -> Managed<StringRef> {
    new_string(
        t,
        concat!("6.8.0 (ferrocil ", env!("CARGO_PKG_VERSION"), ")"),
    )
}

fn page_size(_t: &Thread) -> Managed<i32> {
    Ok(i32::try_from(rustix::param::page_size()).unwrap_or(4096))
}

fn windows_folder(t: &Thread, _folder: i32) -> Managed<StringRef> {
    new_string(t, "")
}

fn exit_code(t: &Thread) -> Managed<i32> {
    Ok(state(t).exit_code.load(Ordering::SeqCst))
}

fn set_exit_code(t: &Thread, code: i32) -> Managed<()> {
    state(t).exit_code.store(code, Ordering::SeqCst);
    Ok(())
}

fn has_shutdown_started(t: &Thread) -> Managed<bool> {
    Ok(state(t).shutting_down.load(Ordering::SeqCst))
}

fn machine_name(t: &Thread) -> Managed<StringRef> {
    new_string(t, &environment::machine_name())
}

fn platform(_t: &Thread) -> Managed<i32> {
    Ok(PLATFORM_UNIX)
}

fn processor_count(_t: &Thread) -> Managed<i32> {
    Ok(environment::processor_count())
}

fn tick_count(_t: &Thread) -> Managed<i32> {
    Ok(crate::time::tick_count())
}

fn user_name(t: &Thread) -> Managed<StringRef> {
    new_string(t, &environment::user_name())
}

fn broadcast_setting_change(_t: &Thread) -> Managed<()> {
    Ok(())
}

fn gac_path(t: &Thread) -> Managed<StringRef> {
    new_string(t, "/usr/lib/mono/gac")
}

fn home(t: &Thread) -> Managed<StringRef> {
    match state(t)
        .variables
        .get("HOME")
        .filter(|home| !home.is_empty())
    {
        Some(home) => new_string(t, &home),
        None => new_string(t, &environment::home().to_string_lossy()),
    }
}
