//! What crosses the boundary: text and bytes in, copied; text and bytes out, freed with one function.

use std::alloc::{Layout, alloc, dealloc};
use std::ffi::{CStr, c_char, c_void};

use super::call::Failure;
use super::status::{DMP_INVALID_UTF8, DMP_NULL_ARGUMENT};

/// Room before each buffer for its length; keeps the buffer aligned for anything.
const HEADER: usize = 16;

fn layout(len: usize) -> Option<Layout> {
    Layout::from_size_align(len.checked_add(HEADER)?, HEADER).ok()
}

/// A buffer that [`dmp_free`] takes back; NULL when memory is exhausted.
fn buffer(bytes: &[u8]) -> *mut u8 {
    let Some(layout) = layout(bytes.len()) else {
        return std::ptr::null_mut();
    };
    // SAFETY: the layout is never of size zero; the copy stays within the allocation; the header is
    // aligned for usize.
    unsafe {
        let base = alloc(layout);
        if base.is_null() {
            return base;
        }
        base.cast::<usize>().write(bytes.len());
        let data = base.add(HEADER);
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len());
        data
    }
}

/// Frees what a function of this library gave through an output pointer. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_free(pointer: *mut c_void) {
    if pointer.is_null() {
        return;
    }
    // SAFETY: the caller gives back a pointer received from `buffer`, once.
    unsafe {
        let base = pointer.cast::<u8>().sub(HEADER);
        let len = base.cast::<usize>().read();
        if let Some(layout) = layout(len) {
            dealloc(base, layout);
        }
    }
}

/// Reads a NUL-terminated UTF-8 text.
pub(super) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Failure::new(DMP_NULL_ARGUMENT, format!("{name}: is NULL")));
    }
    // SAFETY: the caller gives a NUL-terminated text, valid for the call.
    unsafe { CStr::from_ptr(pointer) }
        .to_str()
        .map_err(|_| Failure::new(DMP_INVALID_UTF8, format!("{name}: is not UTF-8")))
}

/// Reads bytes by pointer and length.
pub(super) unsafe fn bytes<'a>(
    pointer: *const u8,
    len: usize,
    name: &str,
) -> Result<&'a [u8], Failure> {
    if pointer.is_null() || isize::try_from(len).is_err() {
        return Err(Failure::new(
            DMP_NULL_ARGUMENT,
            format!("{name}: is NULL or has an impossible length"),
        ));
    }
    // SAFETY: the caller gives `len` readable bytes, valid for the call.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len) })
}

/// An output pointer for text: NULL until something is written.
pub(super) struct TextOut(*mut *mut c_char);

impl TextOut {
    /// Takes the pointer and writes NULL through it.
    pub unsafe fn new(pointer: *mut *mut c_char) -> TextOut {
        if !pointer.is_null() {
            // SAFETY: the caller gives a writable pointer.
            unsafe { pointer.write(std::ptr::null_mut()) };
        }
        TextOut(pointer)
    }

    /// Refuses NULL, for outputs that cannot be left out.
    pub fn required(&self, name: &str) -> Result<(), Failure> {
        if self.0.is_null() {
            return Err(Failure::new(DMP_NULL_ARGUMENT, format!("{name}: is NULL")));
        }
        Ok(())
    }

    /// Writes a text, without the NULs it cannot hold.
    pub fn write(&self, text: &str) {
        if self.0.is_null() {
            return;
        }
        let mut bytes: Vec<u8> = text.bytes().filter(|b| *b != 0).collect();
        bytes.push(0);
        // SAFETY: the pointer was writable at the start of this call and the call has not ended.
        unsafe { self.0.write(buffer(&bytes).cast()) };
    }
}

/// An output pointer and length for bytes: NULL and 0 until something is written.
pub(super) struct BytesOut {
    pointer: *mut *mut u8,
    len: *mut usize,
}

impl BytesOut {
    /// Takes the pointers and writes NULL and 0 through them.
    pub unsafe fn new(pointer: *mut *mut u8, len: *mut usize) -> BytesOut {
        // SAFETY: the caller gives writable pointers, or NULL.
        unsafe {
            if !pointer.is_null() {
                pointer.write(std::ptr::null_mut());
            }
            if !len.is_null() {
                len.write(0);
            }
        }
        BytesOut { pointer, len }
    }

    /// Refuses NULL.
    pub fn required(&self, name: &str) -> Result<(), Failure> {
        if self.pointer.is_null() || self.len.is_null() {
            return Err(Failure::new(DMP_NULL_ARGUMENT, format!("{name}: is NULL")));
        }
        Ok(())
    }

    /// Writes bytes.
    pub fn write(&self, bytes: &[u8]) {
        // SAFETY: both were checked by `required` and are writable for the call.
        unsafe {
            self.pointer.write(buffer(bytes));
            self.len.write(bytes.len());
        }
    }
}

/// An output pointer for a handle: NULL until something is written.
pub(super) struct HandleOut<T>(*mut *mut T);

impl<T> HandleOut<T> {
    /// Takes the pointer and writes NULL through it.
    pub unsafe fn new(pointer: *mut *mut T) -> HandleOut<T> {
        if !pointer.is_null() {
            // SAFETY: the caller gives a writable pointer.
            unsafe { pointer.write(std::ptr::null_mut()) };
        }
        HandleOut(pointer)
    }

    /// Refuses NULL.
    pub fn required(&self, name: &str) -> Result<(), Failure> {
        if self.0.is_null() {
            return Err(Failure::new(DMP_NULL_ARGUMENT, format!("{name}: is NULL")));
        }
        Ok(())
    }

    /// Writes a ticket in the shape of a pointer.
    pub fn write(&self, ticket: usize) {
        // SAFETY: checked by `required`, writable for the call.
        unsafe { self.0.write(std::ptr::without_provenance_mut(ticket)) };
    }
}
