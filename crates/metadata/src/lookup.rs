//! From a row to the rows that belong to it.
//!
//! Runs ("list" columns) are read from two neighbouring rows. Everything else is a binary search over the table's
//! key column; a table that should be sorted and is not was given an order when the image was opened, so that no
//! look-up is linear unless its documentation says so.

use core::ops::Range;

use crate::metadata::Metadata;
use crate::tables::coded::CodedKind;
use crate::tables::rids::Rids;
use crate::tables::schema::TableId;
use crate::{Rid, Token};

/// What a list column runs over.
#[derive(Clone, Copy)]
struct List {
    owner: TableId,
    column: usize,
    target: TableId,
    pointers: Option<TableId>,
}

const FIELDS: List = List {
    owner: TableId::TypeDef,
    column: 4,
    target: TableId::Field,
    pointers: Some(TableId::FieldPtr),
};
const METHODS: List = List {
    owner: TableId::TypeDef,
    column: 5,
    target: TableId::MethodDef,
    pointers: Some(TableId::MethodPtr),
};
const PARAMS: List = List {
    owner: TableId::MethodDef,
    column: 5,
    target: TableId::Param,
    pointers: Some(TableId::ParamPtr),
};
const EVENTS: List = List {
    owner: TableId::EventMap,
    column: 1,
    target: TableId::Event,
    pointers: Some(TableId::EventPtr),
};
const PROPERTIES: List = List {
    owner: TableId::PropertyMap,
    column: 1,
    target: TableId::Property,
    pointers: Some(TableId::PropertyPtr),
};
const VARIABLES: List = List {
    owner: TableId::LocalScope,
    column: 2,
    target: TableId::LocalVariable,
    pointers: None,
};
const CONSTANTS: List = List {
    owner: TableId::LocalScope,
    column: 3,
    target: TableId::LocalConstant,
    pointers: None,
};

impl Metadata<'_> {
    /// Positions (from 0) of a run in its target table, or in the pointer table of that.
    #[inline]
    fn run(&self, list: List, owner: Rid) -> Range<u32> {
        let table = self.table(list.owner);
        let Some(first) = table.cell(owner, list.column).filter(|first| *first != 0) else {
            return 0..0;
        };
        let rows = self.list_rows(list);
        let end = match table.cell(owner + 1, list.column) {
            Some(next) => next.saturating_sub(1).min(rows),
            None => rows,
        };
        let start = first.saturating_sub(1).min(end);
        start..end
    }

    fn pointer_table_of(&self, list: List) -> Option<TableId> {
        list.pointers
            .filter(|pointers| self.row_count(*pointers) != 0)
    }

    fn list_rows(&self, list: List) -> u32 {
        self.row_count(self.pointer_table_of(list).unwrap_or(list.target))
    }

    #[inline]
    fn list(&self, list: List, owner: Rid) -> Rids<'_> {
        let run = self.run(list, owner);
        match self.pointer_table_of(list) {
            None => Rids::rows(run),
            Some(pointers) => {
                let table = self.table(pointers);
                Rids::pointers(run, table.bytes, table.row_size == 4)
            }
        }
    }

    #[inline]
    fn rows_by_key(&self, table: TableId, column: usize, key: Option<u32>) -> Rids<'_> {
        let Some(key) = key.filter(|key| *key != 0) else {
            return Rids::EMPTY;
        };
        let table = self.table(table);
        Rids::ordered(table.equal_range(column, key), table.order.as_deref())
    }

    #[inline]
    fn row_by_key(&self, table: TableId, column: usize, key: Option<u32>) -> Option<Rid> {
        let key = key.filter(|key| *key != 0)?;
        let table = self.table(table);
        let position = table.partition_point(column, 0, |found| found < key);
        let rid = table.rid_at(position);
        (table.cell(rid, column) == Some(key)).then_some(rid)
    }

    /// The owner whose run holds `member`.
    fn owner(&self, list: List, member: Rid) -> Option<Rid> {
        let position = match self.pointer_table_of(list) {
            None if member <= self.row_count(list.target) => member.checked_sub(1)?,
            None => return None,
            Some(pointers) => self.row_by_key(pointers, 0, Some(member))?.checked_sub(1)?,
        };
        // Runs ascend: the last owner whose run starts at or before the member. Owners with empty runs share
        // their start with the next one, so the last is the right one. Owner tables have no order of their own.
        let table = self.table(list.owner);
        let (mut low, mut high) = (0, table.rows);
        while low < high {
            let middle = low + (high - low) / 2;
            if table
                .cell(middle + 1, list.column)
                .is_some_and(|start| start <= position + 1)
            {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low != 0 && self.run(list, low).contains(&position)).then_some(low)
    }

    /// The fields of a type.
    #[inline]
    #[must_use]
    pub fn type_fields(&self, type_def: Rid) -> Rids<'_> {
        self.list(FIELDS, type_def)
    }

    /// The methods of a type.
    #[inline]
    #[must_use]
    pub fn type_methods(&self, type_def: Rid) -> Rids<'_> {
        self.list(METHODS, type_def)
    }

    /// The parameter rows of a method: at most one per parameter and one for the return value.
    #[inline]
    #[must_use]
    pub fn method_params(&self, method_def: Rid) -> Rids<'_> {
        self.list(PARAMS, method_def)
    }

    /// The properties of a type.
    #[must_use]
    pub fn type_properties(&self, type_def: Rid) -> Rids<'_> {
        let map = self.row_by_key(TableId::PropertyMap, 0, Some(type_def));
        map.map_or(Rids::EMPTY, |map| self.list(PROPERTIES, map))
    }

    /// The events of a type.
    #[must_use]
    pub fn type_events(&self, type_def: Rid) -> Rids<'_> {
        let map = self.row_by_key(TableId::EventMap, 0, Some(type_def));
        map.map_or(Rids::EMPTY, |map| self.list(EVENTS, map))
    }

    /// The type that has a method.
    #[must_use]
    pub fn owner_of_method(&self, method_def: Rid) -> Option<Rid> {
        self.owner(METHODS, method_def)
    }

    /// The type that has a field.
    #[must_use]
    pub fn owner_of_field(&self, field: Rid) -> Option<Rid> {
        self.owner(FIELDS, field)
    }

    /// The method that has a parameter row.
    #[must_use]
    pub fn owner_of_param(&self, param: Rid) -> Option<Rid> {
        self.owner(PARAMS, param)
    }

    /// The type that has a property.
    #[must_use]
    pub fn owner_of_property(&self, property: Rid) -> Option<Rid> {
        let map = self.owner(PROPERTIES, property)?;
        self.property_map(map).ok().map(|row| row.parent)
    }

    /// The type that has an event.
    #[must_use]
    pub fn owner_of_event(&self, event: Rid) -> Option<Rid> {
        let map = self.owner(EVENTS, event)?;
        self.event_map(map).ok().map(|row| row.parent)
    }

    /// The `InterfaceImpl` rows of a type.
    #[must_use]
    pub fn interface_impls(&self, type_def: Rid) -> Rids<'_> {
        self.rows_by_key(TableId::InterfaceImpl, 0, Some(type_def))
    }

    /// The `MethodImpl` rows of a type.
    #[must_use]
    pub fn method_impls(&self, type_def: Rid) -> Rids<'_> {
        self.rows_by_key(TableId::MethodImpl, 0, Some(type_def))
    }

    /// The `CustomAttribute` rows of anything.
    #[must_use]
    pub fn custom_attributes(&self, parent: Token) -> Rids<'_> {
        self.rows_by_key(
            TableId::CustomAttribute,
            0,
            CodedKind::HasCustomAttribute.encode(parent),
        )
    }

    /// The `DeclSecurity` rows of a type, method or assembly.
    #[must_use]
    pub fn decl_securities(&self, parent: Token) -> Rids<'_> {
        self.rows_by_key(
            TableId::DeclSecurity,
            1,
            CodedKind::HasDeclSecurity.encode(parent),
        )
    }

    /// The `GenericParam` rows of a type or method, in the order of the table (by number in a valid image).
    #[must_use]
    pub fn generic_params(&self, owner: Token) -> Rids<'_> {
        self.rows_by_key(
            TableId::GenericParam,
            2,
            CodedKind::TypeOrMethodDef.encode(owner),
        )
    }

    /// The `GenericParamConstraint` rows of a generic parameter.
    #[must_use]
    pub fn generic_param_constraints(&self, generic_param: Rid) -> Rids<'_> {
        self.rows_by_key(TableId::GenericParamConstraint, 0, Some(generic_param))
    }

    /// The `Constant` row of a field, parameter or property.
    #[must_use]
    pub fn constant_of(&self, parent: Token) -> Option<Rid> {
        self.row_by_key(TableId::Constant, 1, CodedKind::HasConstant.encode(parent))
    }

    /// The `FieldMarshal` row of a field or parameter.
    #[must_use]
    pub fn field_marshal_of(&self, parent: Token) -> Option<Rid> {
        self.row_by_key(
            TableId::FieldMarshal,
            0,
            CodedKind::HasFieldMarshal.encode(parent),
        )
    }

    /// The `ClassLayout` row of a type.
    #[must_use]
    pub fn class_layout_of(&self, type_def: Rid) -> Option<Rid> {
        self.row_by_key(TableId::ClassLayout, 2, Some(type_def))
    }

    /// The `FieldLayout` row of a field.
    #[must_use]
    pub fn field_layout_of(&self, field: Rid) -> Option<Rid> {
        self.row_by_key(TableId::FieldLayout, 1, Some(field))
    }

    /// The `FieldRva` row of a field.
    #[must_use]
    pub fn field_rva_of(&self, field: Rid) -> Option<Rid> {
        self.row_by_key(TableId::FieldRva, 1, Some(field))
    }

    /// The `ImplMap` row of a method.
    #[must_use]
    pub fn impl_map_of(&self, method_def: Rid) -> Option<Rid> {
        let key = CodedKind::MemberForwarded.encode(Token::new(TableId::MethodDef, method_def));
        self.row_by_key(TableId::ImplMap, 1, key)
    }

    /// The type around a nested type.
    #[must_use]
    pub fn enclosing_type(&self, type_def: Rid) -> Option<Rid> {
        let row = self.row_by_key(TableId::NestedClass, 0, Some(type_def))?;
        self.nested_class(row).ok().map(|row| row.enclosing_class)
    }

    /// The types inside a type, by a pass over the `NestedClass` table;
    /// [`NestedTypeIndex`](crate::NestedTypeIndex) answers many such questions faster.
    pub fn nested_types(&self, enclosing: Rid) -> impl Iterator<Item = Rid> + '_ {
        self.rids(TableId::NestedClass)
            .filter_map(|rid| self.nested_class(rid).ok())
            .filter(move |row| row.enclosing_class == enclosing)
            .map(|row| row.nested_class)
    }

    /// The `MethodSemantics` rows of a property or event.
    #[must_use]
    pub fn method_semantics_of(&self, association: Token) -> Rids<'_> {
        self.rows_by_key(
            TableId::MethodSemantics,
            2,
            CodedKind::HasSemantics.encode(association),
        )
    }

    /// The `MethodSemantics` row of a method, by a pass over the table;
    /// [`SemanticsIndex`](crate::SemanticsIndex) answers many such questions faster.
    #[must_use]
    pub fn semantics_of(&self, method_def: Rid) -> Option<Rid> {
        let table = self.table(TableId::MethodSemantics);
        self.rids(TableId::MethodSemantics)
            .find(|rid| table.cell(*rid, 1) == Some(method_def))
    }

    /// Portable PDB: the `LocalScope` rows of a method.
    #[must_use]
    pub fn local_scopes(&self, method_def: Rid) -> Rids<'_> {
        self.rows_by_key(TableId::LocalScope, 0, Some(method_def))
    }

    /// Portable PDB: the variables of a scope.
    #[must_use]
    pub fn scope_variables(&self, local_scope: Rid) -> Rids<'_> {
        self.list(VARIABLES, local_scope)
    }

    /// Portable PDB: the constants of a scope.
    #[must_use]
    pub fn scope_constants(&self, local_scope: Rid) -> Rids<'_> {
        self.list(CONSTANTS, local_scope)
    }

    /// Portable PDB: the method that a state machine was written as, by its `MoveNext`.
    #[must_use]
    pub fn kickoff_method(&self, move_next: Rid) -> Option<Rid> {
        let row = self.row_by_key(TableId::StateMachineMethod, 0, Some(move_next))?;
        self.state_machine_method(row)
            .ok()
            .map(|row| row.kickoff_method)
    }

    /// Portable PDB: the `CustomDebugInformation` rows of anything.
    #[must_use]
    pub fn custom_debug_information_of(&self, parent: Token) -> Rids<'_> {
        let key = CodedKind::HasCustomDebugInformation.encode(parent);
        self.rows_by_key(TableId::CustomDebugInformation, 0, key)
    }

    /// A top-level type by name, by a pass over the `TypeDef` table;
    /// [`TypeNameIndex`](crate::TypeNameIndex) answers many such questions faster.
    #[must_use]
    pub fn find_type(&self, namespace: &str, name: &str) -> Option<Rid> {
        self.rids(TableId::TypeDef).find(|rid| {
            self.type_def(*rid).is_ok_and(|row| {
                !row.flags.is_nested()
                    && self.string_bytes(row.name) == Ok(name.as_bytes())
                    && self.string_bytes(row.namespace) == Ok(namespace.as_bytes())
            })
        })
    }

    /// A top-level exported type (a forwarder, or a type of another module) by name, by a pass over the table.
    #[must_use]
    pub fn find_exported_type(&self, namespace: &str, name: &str) -> Option<Rid> {
        self.rids(TableId::ExportedType).find(|rid| {
            self.exported_type(*rid).is_ok_and(|row| {
                !row.implementation.is(TableId::ExportedType)
                    && self.string_bytes(row.name) == Ok(name.as_bytes())
                    && self.string_bytes(row.namespace) == Ok(namespace.as_bytes())
            })
        })
    }
}
