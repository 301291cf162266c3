//! Memory of the caller: the one place with `unsafe`.
//!
//! Functions of the interface take [`In`] and [`Out`] where C passes a pointer. They are no more than the pointer, and only C
//! makes them. What they name is checked as far as a pointer can be (null, alignment, length, kind), and borrowed for the
//! call. What cannot be checked is the caller's to keep, as the header says: the memory exists, and no one else changes it.

use core::ffi::{c_char, c_void};
use core::mem::{align_of, size_of};
use core::ops::Range;
use core::{ptr, slice};

use crate::status::{Outcome, Status};

/// A pointer to what a call reads.
///
/// cbindgen:transparent-typedef
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct In<T>(*const T);

/// A pointer to what a call writes.
///
/// cbindgen:transparent-typedef
#[derive(Debug)]
#[repr(transparent)]
pub struct Out<T>(*mut T);

/// A type of which any bytes are a value.
///
/// # Safety
/// No padding that is read, no value that is not one.
pub unsafe trait Plain: Copy + 'static {}

/// The addresses of some memory.
pub(crate) type Span = Range<usize>;

/// Storage for a `State` that C cannot see into.
///
/// # Safety
/// Any bytes are a value of it, and its state owns nothing.
pub unsafe trait Storage: Sized {
    /// What is in it.
    type State: 'static;
    /// Tells initialised storage of this kind from all other memory, and from that of another version.
    const KIND: u32;
    /// What is in it until it is initialised: in an image, which a stack may have no room for. Zeros are not kept there.
    const EMPTY: &'static Self::State;
    /// That the storage is large enough on the target that this is compiled for.
    const FITS: () = {
        assert!(size_of::<Cell<Self::State>>() <= size_of::<Self>(), "the size in the header is too small");
        assert!(
            align_of::<Cell<Self::State>>() <= align_of::<Self>(),
            "the alignment in the header is too small"
        );
    };
}

/// What lies in storage.
#[repr(C)]
struct Cell<T> {
    kind: u32,
    state: T,
}

// SAFETY: any bytes are a number.
unsafe impl Plain for u8 {}
// SAFETY: any bytes are a number.
unsafe impl Plain for i8 {}
// SAFETY: any bytes are a number.
unsafe impl Plain for u32 {}
// SAFETY: any bytes are a number.
unsafe impl Plain for u64 {}
// SAFETY: any bytes are a number.
unsafe impl Plain for f32 {}
// SAFETY: any bytes are a number.
unsafe impl Plain for f64 {}

fn check<T>(pointer: *const T) -> Outcome {
    if pointer.is_null() {
        return Err(Status::ErrorNull);
    }
    if pointer.is_aligned() { Ok(()) } else { Err(Status::ErrorMisaligned) }
}

fn span<T>(pointer: *const T, length: usize) -> Span {
    let start = pointer.addr();
    start..start.saturating_add(length.saturating_mul(size_of::<T>()))
}

/// Whether memory lies apart.
fn apart(one: &Span, others: &[Span]) -> Outcome {
    let meets =
        |other: &Span| !one.is_empty() && !other.is_empty() && one.start < other.end && other.start < one.end;
    if others.iter().any(meets) { Err(Status::ErrorOverlap) } else { Ok(()) }
}

impl<T> In<T> {
    /// A pointer that did not come through C.
    ///
    /// # Safety
    /// What C promises for the function that it is passed to: see the header.
    #[must_use]
    pub const unsafe fn new(pointer: *const T) -> Self {
        Self(pointer)
    }

    /// Whether there is nothing.
    pub(crate) fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// Where `length` of them lie.
    pub(crate) fn span(&self, length: usize) -> Span {
        span(self.0, length)
    }
}

impl<T: Plain> In<T> {
    /// As many values.
    pub(crate) fn slice(&self, length: usize) -> Outcome<&[T]> {
        borrow(self.0, length)
    }

    /// The value.
    pub(crate) fn get(&self) -> Outcome<T> {
        self.slice(1)?.first().copied().ok_or(Status::ErrorNull)
    }
}

impl In<c_void> {
    /// As many bytes.
    pub(crate) fn bytes(&self, length: usize) -> Outcome<&[u8]> {
        borrow(self.0.cast(), length)
    }

    /// Where `length` bytes lie.
    pub(crate) fn byte_span(&self, length: usize) -> Span {
        span(self.0.cast::<u8>(), length)
    }
}

/// As many values, for a call that has the pointer.
fn borrow<'a, T: Plain>(pointer: *const T, length: usize) -> Outcome<&'a [T]> {
    if length == 0 {
        return Ok(&[]);
    }
    check(pointer)?;
    let bytes = length.checked_mul(size_of::<T>()).filter(|bytes| *bytes <= isize::MAX as usize);
    if bytes.is_none_or(|bytes| pointer.addr().checked_add(bytes).is_none()) {
        return Err(Status::ErrorLength);
    }
    // SAFETY: not null, aligned, of a length that memory can have; the caller promises that it is there and does not change.
    Ok(unsafe { slice::from_raw_parts(pointer, length) })
}

/// The longest name that is looked for.
const LONGEST_NAME: usize = 64;

impl In<c_char> {
    /// The text up to its NUL, if it is one of at most 64 bytes.
    pub(crate) fn text(&self) -> Outcome<&str> {
        check(self.0)?;
        let bytes = self.0.cast::<u8>();
        // SAFETY: the caller promises a NUL; nothing behind the first one is read.
        let length =
            (0..=LONGEST_NAME).find(|place| unsafe { *bytes.add(*place) } == 0).ok_or(Status::ErrorName)?;
        // SAFETY: as many bytes were just read.
        let text = unsafe { slice::from_raw_parts(bytes, length) };
        str::from_utf8(text).map_err(|_| Status::ErrorName)
    }
}

impl<S: Storage> In<S> {
    /// What is in initialised storage.
    pub(crate) fn state(&self) -> Outcome<&S::State> {
        let () = S::FITS;
        check(self.0)?;
        let cell = self.0.cast::<Cell<S::State>>();
        // SAFETY: aligned and large enough, as `FITS` says; the kind alone is read, which any bytes are.
        if unsafe { (&raw const (*cell).kind).read_volatile() } != S::KIND {
            return Err(Status::ErrorKind);
        }
        // SAFETY: `Out::init` wrote the kind, after the state; the caller promises that nothing else has written there.
        Ok(unsafe { &(*cell).state })
    }
}

impl<T> Out<T> {
    /// A pointer that did not come through C.
    ///
    /// # Safety
    /// What C promises for the function that it is passed to: see the header.
    #[must_use]
    pub const unsafe fn new(pointer: *mut T) -> Self {
        Self(pointer)
    }

    /// Whether nothing is wanted.
    pub(crate) fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// Refuses a pointer that nothing can be written to, before any work is done.
    pub(crate) fn check(&self) -> Outcome {
        check(self.0)
    }

    /// Where `length` of them lie.
    pub(crate) fn span(&self, length: usize) -> Span {
        span(self.0, length)
    }
}

impl<T: Plain> Out<T> {
    /// Writes the value.
    pub(crate) fn write(self, value: T) -> Outcome {
        self.check()?;
        // SAFETY: not null and aligned; the caller promises that there is room for one.
        unsafe { self.0.write(value) };
        Ok(())
    }

    /// As many values, to be written to; apart from what else the call looks at.
    pub(crate) fn slice(&mut self, length: usize, beside: &[Span]) -> Outcome<&mut [T]> {
        self.check()?;
        apart(&self.span(length), beside)?;
        // The same limits as those of what is read.
        borrow(self.0.cast_const(), length)?;
        // SAFETY: checked as above; nothing else that this call borrows lies there.
        Ok(unsafe { slice::from_raw_parts_mut(self.0, length) })
    }
}

impl<S: Storage> Out<S> {
    /// What is in initialised storage, to be changed; apart from what else the call looks at.
    pub(crate) fn state(&mut self, beside: &[Span]) -> Outcome<&mut S::State> {
        In(self.0.cast_const()).state()?;
        apart(&self.span(1), beside)?;
        let cell = self.0.cast::<Cell<S::State>>();
        // SAFETY: `In::state` has checked it; nothing else that this call borrows lies there.
        Ok(unsafe { &mut (*cell).state })
    }

    /// The same, and the numbers right behind the storage, as many as `room` says of its state: what it was initialised with
    /// must have them.
    pub(crate) fn state_and_room<T: Plain>(
        &mut self,
        beside: &[Span],
        room: impl FnOnce(&S::State) -> usize,
    ) -> Outcome<(&mut S::State, &mut [T])> {
        const { assert!(align_of::<T>() <= align_of::<S>(), "what lies behind storage is not aligned") };
        let length = room(In(self.0.cast_const()).state()?);
        let behind = self.0.wrapping_add(1).cast::<T>();
        apart(&span(behind, length), beside)?;
        let state = ptr::from_mut(self.state(beside)?);
        // SAFETY: `Out::state` has checked the first; the second lies behind it, in the memory that the caller promised when
        // it was initialised. Nothing else that this call borrows lies in either.
        Ok(unsafe { (&mut *state, slice::from_raw_parts_mut(behind, length)) })
    }

    /// Makes an object in storage of `size` bytes: as empty, and then as `set` makes it. If that fails, it is none.
    pub(crate) fn init(
        &mut self,
        size: usize,
        beside: &[Span],
        set: impl FnOnce(&mut S::State) -> Outcome,
    ) -> Outcome {
        let () = S::FITS;
        self.check()?;
        if size < size_of::<S>() {
            return Err(Status::ErrorStorage);
        }
        apart(&self.span(1), beside)?;
        let cell = self.0.cast::<Cell<S::State>>();
        // SAFETY: aligned and large enough, as `FITS` says; the caller promises that the storage is there and used by nobody.
        // A state owns nothing, so that it can be copied.
        unsafe {
            (&raw mut (*cell).kind).write(0);
            ptr::copy_nonoverlapping(S::EMPTY, &raw mut (*cell).state, 1);
        }
        // SAFETY: it was just written, and nothing else that this call borrows lies there.
        let Cell { kind, state } = unsafe { &mut *cell };
        set(state)?;
        *kind = S::KIND;
        Ok(())
    }
}

impl Out<c_char> {
    /// The same as bytes.
    pub(crate) fn bytes(self) -> Out<u8> {
        Out(self.0.cast())
    }
}
