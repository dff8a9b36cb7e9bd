//! The recursive descent.

use alloc::vec::Vec;

use super::{
    ArrayShape, CallConv, Error, MAX_DEPTH, MAX_RANK, MemberSig, MethodSig, PropertySig, SigFlags,
    TypeBuilder,
};
use crate::{ElementType, Reader, TableId, Token};

/// Reads a method signature: of a `MethodDef`, a `MemberRef` or a `StandAloneSig` of `calli`.
///
/// # Errors
/// When the blob is malformed, or the builder fails.
pub fn read_method<B: TypeBuilder>(
    blob: &[u8],
    builder: &mut B,
) -> Result<MethodSig<B::Type>, B::Error> {
    Decoder::new(blob, builder).method(0)
}

/// Reads a field signature and gives its type.
///
/// # Errors
/// When the blob is malformed, or the builder fails.
pub fn read_field<B: TypeBuilder>(blob: &[u8], builder: &mut B) -> Result<B::Type, B::Error> {
    let mut decoder = Decoder::new(blob, builder);
    decoder.expect(SigFlags::FIELD, "a field")?;
    decoder.ty(0)
}

/// Reads the signature of a `MemberRef`.
///
/// # Errors
/// When the blob is malformed, or the builder fails.
pub fn read_member<B: TypeBuilder>(
    blob: &[u8],
    builder: &mut B,
) -> Result<MemberSig<B::Type>, B::Error> {
    if super::is_field(blob) {
        read_field(blob, builder).map(MemberSig::Field)
    } else {
        read_method(blob, builder).map(MemberSig::Method)
    }
}

/// Reads a locals signature and gives the locals' types.
///
/// # Errors
/// When the blob is malformed, or the builder fails.
pub fn read_locals<B: TypeBuilder>(blob: &[u8], builder: &mut B) -> Result<Vec<B::Type>, B::Error> {
    let mut decoder = Decoder::new(blob, builder);
    decoder.expect(SigFlags::LOCALS, "locals")?;
    let count = decoder.count()?;
    decoder.types(count, Decoder::local)
}

/// Reads a property signature.
///
/// # Errors
/// When the blob is malformed, or the builder fails.
pub fn read_property<B: TypeBuilder>(
    blob: &[u8],
    builder: &mut B,
) -> Result<PropertySig<B::Type>, B::Error> {
    let mut decoder = Decoder::new(blob, builder);
    let flags = SigFlags(decoder.expect(SigFlags::PROPERTY, "a property")?);
    let count = decoder.count()?;
    let ty = decoder.ty(0)?;
    let params = decoder.types(count, |decoder| decoder.ty(0))?;
    Ok(PropertySig {
        has_this: flags.has_this(),
        ty,
        params,
    })
}

/// Reads a type: the blob of a `TypeSpec`.
///
/// # Errors
/// When the blob is malformed, or the builder fails.
pub fn read_type<B: TypeBuilder>(blob: &[u8], builder: &mut B) -> Result<B::Type, B::Error> {
    Decoder::new(blob, builder).ty(0)
}

/// Reads the arguments of a generic method instance: the blob of a `MethodSpec`.
///
/// # Errors
/// When the blob is malformed, or the builder fails.
pub fn read_method_spec<B: TypeBuilder>(
    blob: &[u8],
    builder: &mut B,
) -> Result<Vec<B::Type>, B::Error> {
    let mut decoder = Decoder::new(blob, builder);
    decoder.expect(SigFlags::METHOD_SPEC, "a method instance")?;
    let count = decoder.count()?;
    if count == 0 {
        return Err(Error::BadCount(count).into());
    }
    decoder.types(count, |decoder| decoder.ty(0))
}

struct Decoder<'a, 'b, B> {
    reader: Reader<'a>,
    builder: &'b mut B,
}

impl<'a, 'b, B: TypeBuilder> Decoder<'a, 'b, B> {
    fn new(blob: &'a [u8], builder: &'b mut B) -> Self {
        Self {
            reader: Reader::new(blob),
            builder,
        }
    }

    #[inline]
    fn u8(&mut self) -> Result<u8, Error> {
        self.reader.u8().ok_or(Error::Truncated)
    }

    #[inline]
    fn number(&mut self) -> Result<u32, Error> {
        self.reader.compressed_u32().ok_or(Error::Truncated)
    }

    fn expect(&mut self, kind: u8, expected: &'static str) -> Result<u8, Error> {
        let found = self.u8()?;
        if found & SigFlags::KIND_MASK == kind {
            Ok(found)
        } else {
            Err(Error::WrongKind { expected, found })
        }
    }

    /// A count of things of at least one byte each.
    fn count(&mut self) -> Result<u32, Error> {
        let count = self.number()?;
        if count as usize > self.reader.remaining() {
            Err(Error::Truncated)
        } else {
            Ok(count)
        }
    }

    /// Reads `count` types. Memory is taken as they come, since nested counts could add up to far more than the blob.
    fn types(
        &mut self,
        count: u32,
        mut read: impl FnMut(&mut Self) -> Result<B::Type, B::Error>,
    ) -> Result<Vec<B::Type>, B::Error> {
        const FIRST: usize = 16;
        let mut types = Vec::with_capacity((count as usize).min(FIRST));
        for _ in 0..count {
            types.push(read(self)?);
        }
        Ok(types)
    }

    #[inline]
    fn type_token(&mut self) -> Result<Token, Error> {
        let coded = self.number()?;
        let table = match coded & 3 {
            0 => TableId::TypeDef,
            1 => TableId::TypeRef,
            2 => TableId::TypeSpec,
            _ => return Err(Error::BadToken(coded)),
        };
        match coded >> 2 {
            rid @ 1..=Token::MAX_RID => Ok(Token::new(table, rid)),
            _ => Err(Error::BadToken(coded)),
        }
    }

    fn method(&mut self, depth: u32) -> Result<MethodSig<B::Type>, B::Error> {
        let flags = SigFlags(self.u8()?);
        let takes_more = match flags.call_conv() {
            Some(CallConv::VarArg | CallConv::C) => true,
            Some(_) => false,
            None => {
                return Err(Error::WrongKind {
                    expected: "a method",
                    found: flags.0,
                }
                .into());
            }
        };
        let generic_param_count = if flags.is_generic() {
            self.number()?
        } else {
            0
        };
        let count = self.number()?;
        let ret = self.ty(depth)?;
        if count as usize > self.reader.remaining() {
            return Err(Error::Truncated.into());
        }
        let mut sentinel = None;
        let mut taken = 0;
        let params = self.types(count, |decoder| {
            if takes_more && decoder.reader.peek() == Some(ElementType::Sentinel as u8) {
                if sentinel.replace(taken).is_some() {
                    return Err(Error::BadElementType(ElementType::Sentinel as u8).into());
                }
                decoder.u8()?;
            }
            taken += 1;
            decoder.ty(depth)
        })?;
        // A call that passes no variable argument may still end with the sentinel.
        if takes_more
            && sentinel.is_none()
            && depth == 0
            && self.reader.peek() == Some(ElementType::Sentinel as u8)
        {
            sentinel = Some(taken);
        }
        Ok(MethodSig {
            flags,
            generic_param_count,
            ret,
            params,
            sentinel,
        })
    }

    /// A local: `pinned` and modifiers may stand before its type in any order.
    fn local(&mut self) -> Result<B::Type, B::Error> {
        self.local_at(0)
    }

    fn local_at(&mut self, depth: u32) -> Result<B::Type, B::Error> {
        if depth >= MAX_DEPTH {
            return Err(Error::TooDeep.into());
        }
        match self.reader.peek().and_then(ElementType::from_u8) {
            Some(ElementType::Pinned) => {
                self.u8()?;
                let ty = self.local_at(depth + 1)?;
                self.builder.pinned(ty)
            }
            Some(element @ (ElementType::CModReqd | ElementType::CModOpt)) => {
                self.u8()?;
                let modifier = self.type_token()?;
                let ty = self.local_at(depth + 1)?;
                self.builder
                    .modified(element == ElementType::CModReqd, modifier, ty)
            }
            _ => self.ty(depth),
        }
    }

    /// Half of all types are one byte: those cost no call.
    #[inline]
    fn ty(&mut self, depth: u32) -> Result<B::Type, B::Error> {
        if depth >= MAX_DEPTH {
            return Err(Error::TooDeep.into());
        }
        let byte = self.u8()?;
        match ElementType::from_u8(byte) {
            Some(element) if element.is_primitive() => self.builder.primitive(element),
            Some(element) => self.longer_type(element, depth + 1),
            None => Err(Error::BadElementType(byte).into()),
        }
    }

    /// A type of which the first byte is read; what is inside it lies at the depth `inner`.
    fn longer_type(&mut self, element: ElementType, inner: u32) -> Result<B::Type, B::Error> {
        match element {
            ElementType::Class | ElementType::ValueType => {
                let token = self.type_token()?;
                self.builder.class(token, element == ElementType::ValueType)
            }
            ElementType::SzArray => {
                let ty = self.ty(inner)?;
                self.builder.sz_array(ty)
            }
            ElementType::Ptr => {
                let ty = self.ty(inner)?;
                self.builder.pointer(ty)
            }
            ElementType::ByRef => {
                let ty = self.ty(inner)?;
                self.builder.by_ref(ty)
            }
            ElementType::Var => {
                let number = self.number()?;
                self.builder.var(number)
            }
            ElementType::MVar => {
                let number = self.number()?;
                self.builder.mvar(number)
            }
            ElementType::GenericInst => self.generic_inst(inner),
            ElementType::Array => {
                let ty = self.ty(inner)?;
                let shape = self.array_shape()?;
                self.builder.array(ty, shape)
            }
            ElementType::FnPtr => {
                let sig = self.method(inner)?;
                self.builder.fn_ptr(sig)
            }
            ElementType::CModReqd | ElementType::CModOpt => {
                let modifier = self.type_token()?;
                let ty = self.ty(inner)?;
                self.builder
                    .modified(element == ElementType::CModReqd, modifier, ty)
            }
            _ => Err(Error::BadElementType(element as u8).into()),
        }
    }

    fn generic_inst(&mut self, depth: u32) -> Result<B::Type, B::Error> {
        let kind = self.u8()?;
        let is_value_type = match ElementType::from_u8(kind) {
            Some(ElementType::Class) => false,
            Some(ElementType::ValueType) => true,
            _ => return Err(Error::BadElementType(kind).into()),
        };
        let token = self.type_token()?;
        let definition = self.builder.class(token, is_value_type)?;
        let count = self.count()?;
        if count == 0 {
            return Err(Error::BadCount(count).into());
        }
        let args = self.types(count, |decoder| decoder.ty(depth))?;
        self.builder.generic_inst(definition, args)
    }

    fn array_shape(&mut self) -> Result<ArrayShape, Error> {
        let rank = self.number()?;
        if rank == 0 || rank > MAX_RANK {
            return Err(Error::BadArrayShape);
        }
        let sizes = self.bounded(rank, |reader| reader.compressed_u32())?;
        let lower_bounds = self.bounded(rank, |reader| reader.compressed_i32())?;
        Ok(ArrayShape {
            rank,
            sizes,
            lower_bounds,
        })
    }

    fn bounded<T>(
        &mut self,
        rank: u32,
        mut read: impl FnMut(&mut Reader<'a>) -> Option<T>,
    ) -> Result<Vec<T>, Error> {
        let count = self.number()?;
        if count > rank {
            return Err(Error::BadArrayShape);
        }
        (0..count)
            .map(|_| read(&mut self.reader).ok_or(Error::Truncated))
            .collect()
    }
}
