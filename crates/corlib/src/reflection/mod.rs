//! Reflection: types, members, their invocation, custom attributes, assemblies, modules.

pub(crate) mod assembly;
mod assembly_name;
mod attributes;
mod body;
mod emit;
mod events;
mod fields;
mod generics;
pub(crate) mod invoke;
mod members;
pub(crate) mod methods;
mod module;
mod names;
mod parameters;
mod properties;
mod resources;
mod type_handle;
mod types;

use crate::prelude::IcallTable;

/// What a cached reflection object is: the last part of its key.
pub(crate) mod keys {
    /// `MethodInfo` or `ConstructorInfo`, by method and reflected class.
    pub(crate) const METHOD: u32 = 1;
    /// `FieldInfo`, by field and reflected class.
    pub(crate) const FIELD: u32 = 2;
    /// `PropertyInfo`, by property and reflected class.
    pub(crate) const PROPERTY: u32 = 3;
    /// `EventInfo`, by event and reflected class.
    pub(crate) const EVENT: u32 = 4;
    /// `RuntimeAssembly`, by image.
    pub(crate) const ASSEMBLY: u32 = 5;
    /// `RuntimeModule`, by image.
    pub(crate) const MODULE: u32 = 6;
    /// `ParameterInfo[]`, by method and reflected class.
    pub(crate) const PARAMETERS: u32 = 7;
    /// `AppDomainSetup`, by domain.
    pub(crate) const SETUP: u32 = 8;
    /// Data of a domain, by interned name.
    pub(crate) const DOMAIN_DATA: u32 = 9;
    /// What `Thread.Abort` was given, by internal thread.
    pub(crate) const ABORT_REASON: u32 = 10;
}

/// Adds the internal calls of this folder.
pub fn register(table: &mut IcallTable) {
    assembly::register(table);
    assembly_name::register(table);
    attributes::register(table);
    body::register(table);
    emit::register(table);
    events::register(table);
    fields::register(table);
    generics::register(table);
    invoke::register(table);
    members::register(table);
    methods::register(table);
    module::register(table);
    parameters::register(table);
    properties::register(table);
    resources::register(table);
    type_handle::register(table);
    types::register(table);
}
