//! ferrocil-metadata.

use ferrocil_metadata::il::{Decoder, Operand};
use ferrocil_metadata::sig::{self, ArrayShape, MethodSig, TypeBuilder};
use ferrocil_metadata::{BlobIndex, ColumnKind, ElementType, Image, StringIndex, TableId, Token};

/// Counts the types of a signature.
struct Count;

macro_rules! one {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
        impl TypeBuilder for Count {
            type Type = u32;
            type Error = sig::Error;
            $(fn $name(&mut self, $($arg: $ty),*) -> std::result::Result<u32, sig::Error> {
                Ok(one!(@sum $($arg)*))
            })*
        }
    };
    (@sum $($arg:ident)*) => { 1 $(+ Types::types(&$arg))* };
}

/// How many types an argument of a builder's method holds.
trait Types {
    fn types(&self) -> u32;
}

macro_rules! none {
    ($($ty:ty),*) => { $(impl Types for $ty { fn types(&self) -> u32 { 0 } })* };
}

none!(ElementType, Token, bool, ArrayShape);

impl Types for u32 {
    fn types(&self) -> u32 {
        *self
    }
}

impl Types for Vec<u32> {
    fn types(&self) -> u32 {
        self.iter().sum()
    }
}

impl Types for MethodSig<u32> {
    fn types(&self) -> u32 {
        self.ret + self.params.types()
    }
}

one! {
    primitive(element: ElementType);
    class(token: Token, is_value_type: bool);
    sz_array(element: u32);
    array(element: u32, shape: ArrayShape);
    pointer(target: u32);
    by_ref(target: u32);
    generic_inst(definition: u32, args: Vec<u32>);
    var(number: u32);
    mvar(number: u32);
    fn_ptr(sig: MethodSig<u32>);
    modified(required: bool, modifier: Token, ty: u32);
    pinned(ty: u32);
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Every cell of every row, every name, every signature.
pub fn rows_names_signatures(image: &Image<'_>) -> Result<u64> {
    let mut sum = 0_u64;
    for table in TableId::ALL {
        let columns = table.columns();
        for row in image.raw_rows(*table) {
            for (cell, kind) in row.cells().zip(columns) {
                sum = sum.wrapping_add(u64::from(cell));
                match kind {
                    ColumnKind::Str => sum += image.string(StringIndex(cell))?.len() as u64,
                    ColumnKind::Blob => sum += signature(image, *table, BlobIndex(cell))?,
                    _ => {}
                }
            }
        }
    }
    Ok(sum)
}

fn signature(image: &Image<'_>, table: TableId, index: BlobIndex) -> Result<u64> {
    let types = |sig: MethodSig<u32>| sig.types();
    let blob = || image.blob(index);
    let count = match table {
        TableId::Field => sig::read_field(blob()?, &mut Count)?,
        TableId::MethodDef => types(sig::read_method(blob()?, &mut Count)?),
        TableId::MemberRef => match sig::read_member(blob()?, &mut Count)? {
            sig::MemberSig::Field(count) => count,
            sig::MemberSig::Method(sig) => types(sig),
        },
        TableId::Property => sig::read_property(blob()?, &mut Count)?.params.types(),
        TableId::TypeSpec => sig::read_type(blob()?, &mut Count)?,
        TableId::MethodSpec => sig::read_method_spec(blob()?, &mut Count)?.types(),
        TableId::StandAloneSig => match blob()? {
            locals @ [7, ..] => sig::read_locals(locals, &mut Count)?.types(),
            field @ [6, ..] => sig::read_field(field, &mut Count)?,
            method => types(sig::read_method(method, &mut Count)?),
        },
        _ => 0,
    };
    Ok(u64::from(count))
}

/// Every instruction and every exception clause.
pub fn bodies(image: &Image<'_>) -> Result<u64> {
    let mut sum = 0_u64;
    for rid in image.rids(TableId::MethodDef) {
        let rva = image.method_def(rid)?.rva;
        if rva == 0 {
            continue;
        }
        let body = image.method_body(rva)?;
        for instruction in Decoder::new(body.code) {
            let instruction = instruction?;
            sum += u64::from(instruction.opcode as u16);
            if let Operand::Switch(targets) = instruction.operand {
                sum += targets.len() as u64;
            }
        }
        sum += body
            .clauses()
            .map(|clause| u64::from(clause.try_offset))
            .sum::<u64>();
    }
    Ok(sum)
}
