//! A serializer that writes nothing and refuses NaN and the infinities,
//! however deep: `serde_json` would write them as `null` without a word.

use alloc::{borrow::Cow, string::ToString as _};
use core::{error::Error, fmt};

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// Fails with a reason if `value` holds a number that JSON does not have.
pub(super) fn check<T: Serialize + ?Sized>(value: &T) -> Result<(), Cow<'static, str>> {
    value.serialize(Check).map_err(|reason| reason.0)
}

#[derive(Debug)]
struct Reason(Cow<'static, str>);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Reason {}

impl serde::ser::Error for Reason {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self(Cow::Owned(reason.to_string()))
    }
}

struct Check;

/// The methods for values that cannot hold a float.
macro_rules! always_finite {
    ($($method:ident($($argument:ty),*);)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<(), Reason> { Ok(()) }
    )*};
}

/// The methods that open a compound value.
macro_rules! compound {
    ($($kind:ident: $method:ident($($argument:ty),*);)*) => {$(
        type $kind = Self;
        fn $method(self, $(_: $argument),*) -> Result<Self, Reason> { Ok(self) }
    )*};
}

impl Serializer for Check {
    type Ok = ();
    type Error = Reason;

    fn serialize_f32(self, value: f32) -> Result<(), Reason> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Reason> {
        if value.is_finite() {
            Ok(())
        } else {
            Err(Reason(Cow::Borrowed("JSON has no NaN and no infinity")))
        }
    }

    always_finite! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    compound! {
        SerializeSeq: serialize_seq(Option<usize>);
        SerializeTuple: serialize_tuple(usize);
        SerializeTupleStruct: serialize_tuple_struct(&'static str, usize);
        SerializeTupleVariant: serialize_tuple_variant(&'static str, u32, &'static str, usize);
        SerializeMap: serialize_map(Option<usize>);
        SerializeStruct: serialize_struct(&'static str, usize);
        SerializeStructVariant: serialize_struct_variant(&'static str, u32, &'static str, usize);
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Reason> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Reason> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Reason> {
        value.serialize(self)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), Reason> {
        Ok(())
    }
}

/// The traits whose parts are single values, named or not.
macro_rules! parts {
    ($($kind:ident::$method:ident($($name:ty)?);)*) => {$(
        impl $kind for Check {
            type Ok = ();
            type Error = Reason;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $(_: $name,)?
                value: &T,
            ) -> Result<(), Reason> {
                value.serialize(Check)
            }

            fn end(self) -> Result<(), Reason> {
                Ok(())
            }
        }
    )*};
}

parts! {
    SerializeSeq::serialize_element();
    SerializeTuple::serialize_element();
    SerializeTupleStruct::serialize_field();
    SerializeTupleVariant::serialize_field();
    SerializeStruct::serialize_field(&'static str);
    SerializeStructVariant::serialize_field(&'static str);
}

impl SerializeMap for Check {
    type Ok = ();
    type Error = Reason;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Reason> {
        key.serialize(Self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Reason> {
        value.serialize(Self)
    }

    fn end(self) -> Result<(), Reason> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeMap, vec};

    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    enum Shape {
        Newtype(f64),
        Tuple(u8, f64),
        Struct { x: f64 },
    }

    #[derive(Serialize)]
    struct Wrapped(f32);

    #[derive(Serialize)]
    struct Pair(u8, f32);

    #[test]
    fn finds_nan_in_every_position() {
        let nan = f64::NAN;
        assert!(check(&nan).is_err());
        assert!(check(&f64::INFINITY).is_err());
        assert!(check(&f32::NEG_INFINITY).is_err());
        assert!(check(&Some(nan)).is_err());
        assert!(check(&vec![vec![1.0], vec![nan]]).is_err());
        assert!(check(&(1, nan)).is_err());
        assert!(check(&BTreeMap::from([("a", nan)])).is_err());
        assert!(check(&Shape::Newtype(nan)).is_err());
        assert!(check(&Shape::Tuple(1, nan)).is_err());
        assert!(check(&Shape::Struct { x: nan }).is_err());
        assert!(check(&Wrapped(f32::NAN)).is_err());
        assert!(check(&Pair(1, f32::NAN)).is_err());
    }

    #[test]
    fn lets_the_rest_through() {
        assert!(check(&("é", 'x', 1.5, u128::MAX, None::<f64>, Shape::Struct { x: 0.0 })).is_ok());
    }
}
