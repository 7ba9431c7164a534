//! A serializer around another that refuses NaN and the infinities, however
//! deep: `serde_json` would write them as `null` without a word.

use core::fmt;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// A value whose numbers are all numbers that JSON has, or its serialization
/// fails.
pub(super) struct Finite<'v, T: ?Sized>(pub(super) &'v T);

impl<T: Serialize + ?Sized> Serialize for Finite<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Check(serializer))
    }
}

/// A serializer, or the compound that it opened, whose parts are checked.
struct Check<S>(S);

/// The methods for values that cannot hold a float.
macro_rules! always_finite {
    ($($method:ident($($name:ident: $argument:ty),*);)*) => {$(
        fn $method(self, $($name: $argument),*) -> Result<S::Ok, S::Error> {
            self.0.$method($($name),*)
        }
    )*};
}

/// The methods that open a compound value.
macro_rules! compound {
    ($($kind:ident: $method:ident($($name:ident: $argument:ty),*);)*) => {$(
        type $kind = Check<S::$kind>;

        fn $method(self, $($name: $argument),*) -> Result<Self::$kind, S::Error> {
            self.0.$method($($name),*).map(Check)
        }
    )*};
}

impl<S: Serializer> Serializer for Check<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        if value.is_finite() { self.0.serialize_f32(value) } else { not_json() }
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        if value.is_finite() { self.0.serialize_f64(value) } else { not_json() }
    }

    always_finite! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    compound! {
        SerializeSeq: serialize_seq(len: Option<usize>);
        SerializeTuple: serialize_tuple(len: usize);
        SerializeTupleStruct: serialize_tuple_struct(name: &'static str, len: usize);
        SerializeTupleVariant: serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize);
        SerializeMap: serialize_map(len: Option<usize>);
        SerializeStruct: serialize_struct(name: &'static str, len: usize);
        SerializeStructVariant: serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize);
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&Finite(value))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &Finite(value))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(name, index, variant, &Finite(value))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.collect_str(value)
    }
}

fn not_json<T, E: serde::ser::Error>() -> Result<T, E> {
    Err(E::custom("JSON has no NaN and no infinity"))
}

/// The traits whose parts are single values, named or not.
macro_rules! parts {
    ($($kind:ident::$method:ident($($name:ident: $argument:ty)?);)*) => {$(
        impl<C: $kind> $kind for Check<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: $argument,)?
                value: &T,
            ) -> Result<(), C::Error> {
                self.0.$method($($name,)? &Finite(value))
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.0.end()
            }
        }
    )*};
}

parts! {
    SerializeSeq::serialize_element();
    SerializeTuple::serialize_element();
    SerializeTupleStruct::serialize_field();
    SerializeTupleVariant::serialize_field();
    SerializeStruct::serialize_field(name: &'static str);
    SerializeStructVariant::serialize_field(name: &'static str);
}

impl<C: SerializeMap> SerializeMap for Check<C> {
    type Ok = C::Ok;
    type Error = C::Error;

    // Not wrapped: what may be a key is decided by the inner serializer, which
    // refuses floats that are not finite itself.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        self.0.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        self.0.serialize_value(&Finite(value))
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.0.end()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeMap, string::String, vec};

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

    fn json<T: Serialize>(value: &T) -> Option<String> {
        serde_json::to_string(&Finite(value)).ok()
    }

    #[test]
    fn finds_nan_in_every_position() {
        let nan = f64::NAN;
        assert_eq!(json(&nan), None);
        assert_eq!(json(&f64::INFINITY), None);
        assert_eq!(json(&f32::NEG_INFINITY), None);
        assert_eq!(json(&Some(nan)), None);
        assert_eq!(json(&vec![vec![1.0], vec![nan]]), None);
        assert_eq!(json(&(1, nan)), None);
        assert_eq!(json(&BTreeMap::from([("a", nan)])), None);
        assert_eq!(json(&Shape::Newtype(nan)), None);
        assert_eq!(json(&Shape::Tuple(1, nan)), None);
        assert_eq!(json(&Shape::Struct { x: nan }), None);
        assert_eq!(json(&Wrapped(f32::NAN)), None);
        assert_eq!(json(&Pair(1, f32::NAN)), None);
    }

    #[test]
    fn lets_the_rest_through() {
        let value = (
            "é",
            'x',
            1.5,
            u128::MAX,
            None::<f64>,
            Shape::Struct { x: 0.0 },
            BTreeMap::from([(1, false)]),
        );
        assert_eq!(json(&value), serde_json::to_string(&value).ok());
    }
}
