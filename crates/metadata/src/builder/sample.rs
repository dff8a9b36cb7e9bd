//! An image with a row in every table, small enough to mutate byte by byte.

use alloc::vec::Vec;

use super::{BodyWriter, BuildOptions, ImageBuilder, WriteError};
use crate::{
    AssemblyOsRow, AssemblyProcessorRow, AssemblyRefOsRow, AssemblyRefProcessorRow, BlobIndex,
    ClassLayoutRow, ConstantRow, CustomAttributeRow, CustomDebugInformationRow, DeclSecurityRow,
    DocumentRow, EhClause, EhKind, ElementType, EncLogRow, EncMapRow, EventAttributes, EventMapRow,
    EventPtrRow, EventRow, ExportedTypeRow, FieldAttributes, FieldLayoutRow, FieldMarshalRow,
    FieldPtrRow, FieldRvaRow, FileAttributes, FileRow, GenericParamAttributes,
    GenericParamConstraintRow, GenericParamRow, Guid, GuidIndex, ImplMapRow, ImportScopeRow,
    InterfaceImplRow, LocalConstantRow, LocalScopeRow, LocalVariableAttributes, LocalVariableRow,
    ManifestResourceAttributes, MemberRefRow, MethodAttributes, MethodDebugInformationRow,
    MethodDefRow, MethodImplAttributes, MethodImplRow, MethodPtrRow, MethodSemanticsAttributes,
    MethodSemanticsRow, MethodSpecRow, ModuleRefRow, NestedClassRow, PInvokeAttributes,
    ParamAttributes, ParamPtrRow, ParamRow, PropertyAttributes, PropertyMapRow, PropertyPtrRow,
    PropertyRow, StandAloneSigRow, StateMachineMethodRow, TableId, Token, TypeAttributes,
    TypeDefRow, TypeSpecRow,
};

/// Writes an image with every kind of row, heap item, signature, body and attribute.
///
/// # Errors
/// Never in practice: the content is fixed and fits.
pub fn sample(options: BuildOptions) -> Result<Vec<u8>, WriteError> {
    let mut builder = ImageBuilder::new("sample");
    builder.options(options);
    let types = Types::new(&mut builder);
    let members = members(&mut builder, &types);
    owned_rows(&mut builder, &types, &members);
    manifest(&mut builder);
    if options.uncompressed {
        pointers(&mut builder);
    }
    builder.entry_point(members.main);
    builder.build()
}

struct Types {
    object: Token,
    value_type: Token,
    enumeration: Token,
    attribute: Token,
    delegate: Token,
}

impl Types {
    fn new(builder: &mut ImageBuilder) -> Self {
        let mut system = |name: &str| builder.type_ref("mscorlib", "System", name);
        Self {
            object: system("Object"),
            value_type: system("ValueType"),
            enumeration: system("Enum"),
            attribute: system("Attribute"),
            delegate: system("EventHandler"),
        }
    }
}

struct Members {
    color: Token,
    mark_ctor: Token,
    generic: Token,
    generic_get: Token,
    generic_map: Token,
    shape: Token,
    shape_area: Token,
    program: Token,
    program_area: Token,
    main: Token,
    getter: Token,
    setter: Token,
    native: Token,
    red: Token,
    data: Token,
    inner: Token,
}

const ENUM_FIELD: &[u8] = &[0x06, 0x08];

fn members(builder: &mut ImageBuilder, types: &Types) -> Members {
    let literal = FieldAttributes::STATIC | FieldAttributes::LITERAL | FieldAttributes::HAS_DEFAULT;
    let color = builder.class("Demo", "Color", types.enumeration);
    builder.field(
        "value__",
        FieldAttributes::SPECIAL_NAME | FieldAttributes::RT_SPECIAL_NAME,
        ENUM_FIELD,
    );
    // A literal of the enumeration's own type: TypeDef 2.
    let red = builder.field("Red", literal, &[0x06, 0x11, 0x08]);

    let special = MethodAttributes::SPECIAL_NAME | MethodAttributes::RT_SPECIAL_NAME;
    builder.class("Demo", "MarkAttribute", types.attribute);
    let ctor_body = builder.body(&BodyWriter::new(&[0x02, 0x26, 0x2A]));
    // .ctor(int32, Color, object, string[])
    let signature = [0x20, 4, 0x01, 0x08, 0x11, 0x08, 0x1C, 0x1D, 0x0E];
    let mark_ctor = builder.method(".ctor", special, &signature, ctor_body);
    builder.field("Name", FieldAttributes::empty(), &[0x06, 0x0E]);

    let generic = builder.class("Demo", "Box`1", types.object);
    builder.field("value", FieldAttributes::INIT_ONLY, &[0x06, 0x13, 0]);
    let get = builder.body(&BodyWriter::new(&[0x02, 0x7B, 4, 0, 0, 4, 0x2A]));
    let generic_get = builder.method("Get", MethodAttributes::empty(), &[0x20, 0, 0x13, 0], get);
    let map = builder.body(&BodyWriter::new(&[0x14, 0xA5, 1, 0, 0, 0x1B, 0x2A]));
    // !!0[] Map<U>(Box`1<!!0>, int32[2,3], method void *(native int))
    let signature = [
        0x30, 1, 3, 0x1D, 0x1E, 0, 0x15, 0x12, 0x10, 1, 0x1E, 0, 0x14, 0x08, 2, 2, 2, 3, 1, 0x7B,
        0x1B, 0x00, 1, 0x01, 0x18,
    ];
    let generic_map = builder.method("Map", MethodAttributes::empty(), &signature, map);

    let shape = interface(builder);
    let virtuals = MethodAttributes::VIRTUAL | MethodAttributes::NEW_SLOT;
    let shape_area = builder.method(
        "Area",
        virtuals | MethodAttributes::ABSTRACT,
        &[0x20, 0, 0x0D],
        0,
    );

    let program = builder.class("Demo", "Program", types.object);
    let values = builder.data(&[1, 2, 3, 4, 5, 6, 7, 8]);
    let data = builder.field(
        "data",
        FieldAttributes::STATIC | FieldAttributes::HAS_FIELD_RVA,
        &[0x06, 0x0B],
    );
    builder.add(&FieldRvaRow {
        rva: values,
        field: data.rid(),
    });
    let main = main_method(builder, types);
    let area = builder.body(&BodyWriter::new(&[
        0x23, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x2A,
    ]));
    let program_area = builder.method(
        "Demo.IShape.Area",
        virtuals | MethodAttributes::FINAL,
        &[0x20, 0, 0x0D],
        area,
    );
    let accessor = builder.body(&BodyWriter::new(&[0x16, 0x2A]));
    let getter = builder.method(
        "get_Size",
        MethodAttributes::SPECIAL_NAME,
        &[0x20, 0, 0x08],
        accessor,
    );
    let nothing = builder.body(&BodyWriter::new(&[0x2A]));
    let setter = builder.method(
        "set_Size",
        MethodAttributes::SPECIAL_NAME,
        &[0x20, 1, 0x01, 0x08],
        nothing,
    );
    let native = native_method(builder);

    let inner = nested(builder, types.value_type);
    builder.field("low", FieldAttributes::empty(), &[0x06, 0x05]);
    builder.field("high", FieldAttributes::empty(), &[0x06, 0x1F, 0x05, 0x05]);
    Members {
        color,
        mark_ctor,
        generic,
        generic_get,
        generic_map,
        shape,
        shape_area,
        program,
        program_area,
        main,
        getter,
        setter,
        native,
        red,
        data,
        inner,
    }
}

fn interface(builder: &mut ImageBuilder) -> Token {
    let (namespace, name) = (builder.string("Demo"), builder.string("IShape"));
    let (field_list, method_list) = (
        builder.next_rid(TableId::Field),
        builder.next_rid(TableId::MethodDef),
    );
    builder.add(&TypeDefRow {
        flags: TypeAttributes::from_bits_retain(1)
            | TypeAttributes::INTERFACE
            | TypeAttributes::ABSTRACT,
        name,
        namespace,
        extends: Token::NIL,
        field_list,
        method_list,
    })
}

fn nested(builder: &mut ImageBuilder, value_type: Token) -> Token {
    let name = builder.string("Inner");
    let (field_list, method_list) = (
        builder.next_rid(TableId::Field),
        builder.next_rid(TableId::MethodDef),
    );
    builder.add(&TypeDefRow {
        flags: TypeAttributes::from_bits_retain(2)
            | TypeAttributes::EXPLICIT_LAYOUT
            | TypeAttributes::SEALED,
        name,
        namespace: crate::StringIndex::NIL,
        extends: value_type,
        field_list,
        method_list,
    })
}

fn native_method(builder: &mut ImageBuilder) -> Token {
    let (name, signature) = (
        builder.string("strlen"),
        builder.blob(&[0x00, 1, 0x19, 0x0E]),
    );
    let param_list = builder.next_rid(TableId::Param);
    let native = builder.add(&MethodDefRow {
        rva: 0,
        impl_flags: MethodImplAttributes::PRESERVE_SIG,
        flags: MethodAttributes::STATIC
            | MethodAttributes::PINVOKE_IMPL
            | MethodAttributes::from_bits_retain(6),
        name,
        signature,
        param_list,
    });
    let name = builder.string("text");
    let flags =
        ParamAttributes::IN | ParamAttributes::HAS_FIELD_MARSHAL | ParamAttributes::HAS_DEFAULT;
    let param = builder.add(&ParamRow {
        flags,
        sequence: 1,
        name,
    });
    let native_type = builder.blob(&[0x14]);
    builder.add(&FieldMarshalRow {
        parent: param,
        native_type,
    });
    let library = builder.string("libc");
    let module = builder.add(&ModuleRefRow { name: library });
    let import_name = builder.string("strlen");
    let flags = PInvokeAttributes::NO_MANGLE | PInvokeAttributes::from_bits_retain(0x200);
    builder.add(&ImplMapRow {
        flags,
        member_forwarded: native,
        import_name,
        import_scope: module.rid(),
    });
    native
}

/// `Main`: locals, a filter, a finally, a fault, a switch, every kind of operand.
fn main_method(builder: &mut ImageBuilder, types: &Types) -> Token {
    let locals = builder.blob(&[0x07, 3, 0x45, 0x10, 0x08, 0x0E, 0x1D, 0x1C]);
    let local_sig = builder.add(&StandAloneSigRow { signature: locals });
    let (name, signature) = (builder.string("ToString"), builder.blob(&[0x20, 0, 0x0E]));
    let to_string = builder.add(&MemberRefRow {
        class: types.object,
        name,
        signature,
    });
    let text = builder.user_string("Héllo, wörld");
    let mut code: Vec<u8> = Vec::new();
    let with_token = |code: &mut Vec<u8>, opcode: u8, token: Token| {
        code.push(opcode);
        code.extend_from_slice(&token.0.to_le_bytes());
    };
    with_token(&mut code, 0x72, text); // 0: ldstr
    with_token(&mut code, 0x6F, to_string); // 5: callvirt
    code.push(0x26); // 10: pop
    code.extend_from_slice(&[0x1F, 0xFE, 0x26]); // 11: ldc.i4.s -2; pop
    code.extend_from_slice(&[0x22, 0, 0, 0x80, 0x3F, 0x26]); // 14: ldc.r4 1; pop
    code.extend_from_slice(&[0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x26]); // 20: ldc.i8; pop
    code.extend_from_slice(&[0x16, 0x45, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]); // 30: ldc.i4.0; switch (44, 45)
    code.extend_from_slice(&[0x00, 0x00]); // 44: nop; nop
    code.extend_from_slice(&[0xDE, 0x00]); // 46: leave.s 48
    code.extend_from_slice(&[0x26, 0x17, 0xFE, 0x11]); // 48: pop; ldc.i4.1; endfilter
    code.extend_from_slice(&[0x26, 0xDE, 0x03]); // 52: pop; leave.s 58
    code.extend_from_slice(&[0xDC, 0x00, 0xDC]); // 55: endfinally; nop; endfault
    code.extend_from_slice(&[0xFE, 0x13, 0xFE, 0x0C, 1, 0, 0x26, 0x2A]); // 58: volatile.; ldloc 1; pop; ret
    let clause = |kind, try_len, handler_offset, handler_len| EhClause {
        kind,
        try_offset: 0,
        try_len,
        handler_offset,
        handler_len,
    };
    let clauses = [
        clause(EhKind::Filter(48), 48, 52, 3),
        clause(EhKind::Catch(types.object), 48, 52, 3),
        clause(EhKind::Finally, 55, 55, 1),
        clause(EhKind::Fault, 55, 56, 2),
    ];
    let body = BodyWriter {
        max_stack: 4,
        init_locals: true,
        local_sig,
        code: &code,
        clauses: &clauses,
    };
    let rva = builder.body(&body);
    builder.method(
        "Main",
        MethodAttributes::STATIC,
        &[0x00, 1, 0x01, 0x1D, 0x0E],
        rva,
    )
}

fn owned_rows(builder: &mut ImageBuilder, types: &Types, members: &Members) {
    let (class, interface) = (members.program.rid(), members.shape);
    builder.add(&InterfaceImplRow { class, interface });
    builder.add(&MethodImplRow {
        class,
        body: members.program_area,
        declaration: members.shape_area,
    });

    let one = builder.blob(&[1, 0, 0, 0]);
    builder.add(&ConstantRow {
        ty: ElementType::I4,
        parent: members.red,
        value: one,
    });
    let text = builder.blob(&[b'h', 0, b'i', 0]);
    let param = Token::new(TableId::Param, 1);
    builder.add(&ConstantRow {
        ty: ElementType::String,
        parent: param,
        value: text,
    });

    // Mark(42, Color.Red, (object) new int32[] { 7 }, { "a", null }) { Name = "n" }
    let mut value = Vec::from([
        1, 0, 42, 0, 0, 0, 1, 0, 0, 0, 0x1D, 0x08, 1, 0, 0, 0, 7, 0, 0, 0,
    ]);
    value.extend_from_slice(&[
        2, 0, 0, 0, 1, b'a', 0xFF, 1, 0, 0x53, 0x0E, 4, b'N', b'a', b'm', b'e', 1, b'n',
    ]);
    let value = builder.blob(&value);
    for parent in [members.main, members.color, members.program] {
        builder.add(&CustomAttributeRow {
            parent,
            constructor: members.mark_ctor,
            value,
        });
    }
    let permission_set = builder.blob(b".\x00");
    builder.add(&DeclSecurityRow {
        action: 8,
        parent: members.program,
        permission_set,
    });
    builder.add(&ClassLayoutRow {
        packing_size: 4,
        class_size: 8,
        parent: members.inner.rid(),
    });
    let low = builder.row_count(TableId::Field) - 1;
    builder.add(&FieldLayoutRow {
        offset: 0,
        field: low,
    });
    builder.add(&FieldLayoutRow {
        offset: 2,
        field: low + 1,
    });
    builder.add(&NestedClassRow {
        nested_class: members.inner.rid(),
        enclosing_class: members.program.rid(),
    });

    let name = builder.string("Changed");
    builder.add(&EventMapRow {
        parent: class,
        event_list: 1,
    });
    let event = builder.add(&EventRow {
        flags: EventAttributes::empty(),
        name,
        event_type: types.delegate,
    });
    let (name, signature) = (builder.string("Size"), builder.blob(&[0x28, 0, 0x08]));
    builder.add(&PropertyMapRow {
        parent: class,
        property_list: 1,
    });
    let property = builder.add(&PropertyRow {
        flags: PropertyAttributes::empty(),
        name,
        signature,
    });
    let mut semantics = |semantics, method: Token, association| {
        builder.add(&MethodSemanticsRow {
            semantics,
            method: method.rid(),
            association,
        });
    };
    semantics(MethodSemanticsAttributes::ADD_ON, members.native, event);
    semantics(MethodSemanticsAttributes::GETTER, members.getter, property);
    semantics(MethodSemanticsAttributes::SETTER, members.setter, property);

    let mut generic_param = |owner, name: &str| {
        let name = builder.string(name);
        builder.add(&GenericParamRow {
            number: 0,
            flags: GenericParamAttributes::empty(),
            owner,
            name,
        })
    };
    let of_type = generic_param(members.generic, "T");
    generic_param(members.generic_map, "U");
    builder.add(&GenericParamConstraintRow {
        owner: of_type.rid(),
        constraint: members.shape,
    });
    let instance = builder.blob(&[0x15, 0x12, 0x10, 1, 0x08]);
    let instance = builder.add(&TypeSpecRow {
        signature: instance,
    });
    let (name, signature) = (builder.string("Get"), builder.blob(&[0x20, 0, 0x13, 0]));
    builder.add(&MemberRefRow {
        class: instance,
        name,
        signature,
    });
    let instantiation = builder.blob(&[0x0A, 1, 0x0E]);
    builder.add(&MethodSpecRow {
        method: members.generic_map,
        instantiation,
    });
    debug_assert!(!members.generic_get.is_nil() && !members.data.is_nil());
}

fn manifest(builder: &mut ImageBuilder) {
    let public = ManifestResourceAttributes::PUBLIC;
    builder.resource("greeting.txt", public, b"hello");
    builder.resource("empty", public, b"");
    let (name, hash_value) = (builder.string("other.netmodule"), builder.blob(&[1, 2, 3]));
    let file = builder.add(&FileRow {
        flags: FileAttributes::empty(),
        name,
        hash_value,
    });
    let (name, namespace) = (builder.string("Elsewhere"), builder.string("Demo"));
    let flags = TypeAttributes::from_bits_retain(1);
    builder.add(&ExportedTypeRow {
        flags,
        type_def_id: 2,
        name,
        namespace,
        implementation: file,
    });
    let name = builder.string("Moved");
    let implementation = Token::new(TableId::AssemblyRef, 1);
    let flags = TypeAttributes::FORWARDER;
    builder.add(&ExportedTypeRow {
        flags,
        type_def_id: 0,
        name,
        namespace,
        implementation,
    });
    builder.add(&AssemblyProcessorRow { processor: 1 });
    builder.add(&AssemblyOsRow {
        platform: 1,
        major: 2,
        minor: 3,
    });
    builder.add(&AssemblyRefProcessorRow {
        processor: 1,
        assembly_ref: 1,
    });
    builder.add(&AssemblyRefOsRow {
        platform: 1,
        major: 2,
        minor: 3,
        assembly_ref: 1,
    });
}

/// Pointer tables that reverse the rows, and the tables of edit and continue.
fn pointers(builder: &mut ImageBuilder) {
    let reversed = |builder: &ImageBuilder, table| (1..=builder.row_count(table)).rev();
    for field in reversed(builder, TableId::Field) {
        builder.add(&FieldPtrRow { field });
    }
    for method in reversed(builder, TableId::MethodDef) {
        builder.add(&MethodPtrRow { method });
    }
    for param in reversed(builder, TableId::Param) {
        builder.add(&ParamPtrRow { param });
    }
    for event in reversed(builder, TableId::Event) {
        builder.add(&EventPtrRow { event });
    }
    for property in reversed(builder, TableId::Property) {
        builder.add(&PropertyPtrRow { property });
    }
    builder.add(&EncLogRow {
        token: 0x0200_0002,
        func_code: 0,
    });
    builder.add(&EncMapRow { token: 0x0200_0002 });
}

/// Writes a Portable PDB with every kind of row, for a module with the methods of [`sample`].
///
/// # Errors
/// Never in practice: the content is fixed and fits.
pub fn sample_pdb() -> Result<Vec<u8>, WriteError> {
    let mut builder = ImageBuilder::empty();
    let (src, file) = (builder.blob(b"src"), builder.blob(b"main.cs"));
    let name = [b'/', 0, src.0 as u8, file.0 as u8];
    let (name, hash) = (builder.blob(&name), builder.blob(&[9; 32]));
    let (hash_algorithm, language) = (builder.guid(Guid([1; 16])), builder.guid(Guid([2; 16])));
    builder.add(&DocumentRow {
        name,
        hash_algorithm,
        hash,
        language,
    });
    builder.add(&DocumentRow {
        name,
        hash_algorithm,
        hash,
        language: GuidIndex::NIL,
    });
    let own = builder.blob(&[0, 0, 0, 5, 10, 9, 2, 0, 0, 3, 1, 0x79, 0x04, 0x7D]);
    let two_files = builder.blob(&[0, 1, 0, 0, 5, 10, 9, 0, 2, 3, 1, 0x79, 0x04, 0x7D]);
    builder.add(&MethodDebugInformationRow {
        document: 1,
        sequence_points: own,
    });
    builder.add(&MethodDebugInformationRow {
        document: 0,
        sequence_points: two_files,
    });
    builder.add(&MethodDebugInformationRow {
        document: 0,
        sequence_points: BlobIndex::NIL,
    });
    builder.add(&LocalScopeRow {
        method: 1,
        import_scope: 1,
        variable_list: 1,
        constant_list: 1,
        start_offset: 0,
        length: 9,
    });
    let name = builder.string("count");
    builder.add(&LocalVariableRow {
        attributes: LocalVariableAttributes::empty(),
        index: 0,
        name,
    });
    let (name, signature) = (builder.string("Limit"), builder.blob(&[0x08, 5, 0, 0, 0]));
    builder.add(&LocalConstantRow { name, signature });
    let (system, alias) = (builder.blob(b"System").0 as u8, builder.blob(b"A").0 as u8);
    // Every kind of import; types are TypeRef 1.
    let imports = builder.blob(&[
        1, system, 2, 1, system, 3, 5, 4, alias, system, 5, alias, 6, alias, 1, 7, alias, system,
        8, alias, 1, system, 9, alias, 5,
    ]);
    builder.add(&ImportScopeRow { parent: 0, imports });
    builder.add(&StateMachineMethodRow {
        move_next_method: 2,
        kickoff_method: 3,
    });
    let (kind, value) = (builder.guid(Guid([3; 16])), builder.blob(&[4, 5]));
    builder.add(&CustomDebugInformationRow {
        parent: Token::new(TableId::MethodDef, 1),
        kind,
        value,
    });
    // Hoisted scopes, source link, embedded source.
    let scopes = Guid(*b"\x1E\xA6\xA9\x6D\xC7\xF8\x74\x48\xBE\x62\x68\xBC\x56\x30\xDF\x71");
    let link = Guid(*b"\x56\x05\x11\xCC\x91\xA0\x38\x4D\x9F\xEC\x25\xAB\x9A\x35\x1A\x6A");
    let source = Guid(*b"\x1B\x57\x8A\x0E\x26\x69\x6E\x46\xB4\xAD\x8A\xB0\x46\x11\xF5\xFE");
    let known: [(Guid, Token, &[u8]); 3] = [
        (
            scopes,
            Token::new(TableId::MethodDef, 2),
            &[1, 0, 0, 0, 9, 0, 0, 0],
        ),
        (link, Token::new(TableId::Module, 1), b"{}"),
        (
            source,
            Token::new(TableId::Document, 1),
            &[0, 0, 0, 0, b'x'],
        ),
    ];
    for (kind, parent, value) in known {
        let (kind, value) = (builder.guid(kind), builder.blob(value));
        builder.add(&CustomDebugInformationRow {
            parent,
            kind,
            value,
        });
    }
    // A string, a null string, an object, an enumeration's member, a decimal.
    let constants: [(&str, &[u8]); 5] = [
        ("Text", &[0x0E, b'h', 0, b'i', 0]),
        ("NoText", &[0x0E, 0xFF]),
        ("Nothing", &[0x1C]),
        ("Color", &[0x20, 5, 0x05, 7, 9]),
        ("Price", &[0x11, 5, 2, 1]),
    ];
    for (name, signature) in constants {
        let (name, signature) = (builder.string(name), builder.blob(signature));
        builder.add(&LocalConstantRow { name, signature });
    }
    let id = core::array::from_fn(|index| index as u8);
    let main = Token::new(TableId::MethodDef, 4);
    builder.pdb(
        id,
        main,
        &[(TableId::MethodDef, 9), (TableId::TypeDef, 0x1_0000)],
    );
    builder.build_metadata()
}
