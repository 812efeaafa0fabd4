//! A matrix that several threads write at once, each some of its columns.

use std::marker::PhantomData;

/// Some neighbouring columns of every row of a matrix, which nobody else can reach while this lives.
///
/// # Example
///
/// ```
/// use cornu_kernels::columns::Columns;
/// let mut y = [0.0; 10];
/// let widths: Vec<usize> = Columns::cut(&mut y, 5, 2).iter().map(Columns::width).collect();
/// assert_eq!(widths, [2, 2, 1]);
/// ```
#[derive(Debug)]
pub struct Columns<'a> {
    start: *mut f32,
    rows: usize,
    /// Floats from one row to the next.
    stride: usize,
    first: usize,
    width: usize,
    of: PhantomData<&'a mut [f32]>,
}

// SAFETY: it stands for a mutable borrow of its own floats alone (`cut` makes no two that share one), which may be sent.
unsafe impl Send for Columns<'_> {}

impl<'a> Columns<'a> {
    /// All columns of a matrix whose rows have `stride` elements.
    pub fn whole(y: &'a mut [f32], stride: usize) -> Columns<'a> {
        assert!(
            stride > 0 && y.len().is_multiple_of(stride),
            "columns: {} elements in rows of {stride}",
            y.len()
        );
        Columns {
            start: y.as_mut_ptr(),
            rows: y.len() / stride,
            stride,
            first: 0,
            width: stride,
            of: PhantomData,
        }
    }

    /// The columns `0..width`, `width..2·width`, … of a matrix whose rows have `stride` elements.
    pub fn cut(y: &'a mut [f32], stride: usize, width: usize) -> Vec<Columns<'a>> {
        assert!(width > 0, "columns: cut into nothing");
        let Columns {
            start, rows, of, ..
        } = Columns::whole(y, stride);
        let each = (0..stride).step_by(width);
        each.map(|first| Columns {
            start,
            rows,
            stride,
            first,
            width: width.min(stride - first),
            of,
        })
        .collect()
    }

    /// How many columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of the first in the matrix.
    pub fn first(&self) -> usize {
        self.first
    }

    /// The columns of a row.
    pub fn row(&mut self, row: usize) -> &mut [f32] {
        assert!(row < self.rows, "columns: row {row} of {}", self.rows);
        // SAFETY: the row is in the matrix, and these elements of it are this part's own.
        unsafe {
            let from = self.start.add(row * self.stride + self.first);
            std::slice::from_raw_parts_mut(from, self.width)
        }
    }

    /// Elements from one row of the matrix to the next.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Elements of the whole matrix.
    pub(crate) fn matrix_len(&self) -> usize {
        self.rows * self.stride
    }

    /// Where the element at an offset of the matrix lies.
    ///
    /// The caller may write `columns` elements from there on, and as many at every multiple of the stride from there, up to
    /// `reach` elements after it: all of them are this part's own.
    pub(crate) fn at(&mut self, offset: usize, columns: usize, reach: usize) -> *mut f32 {
        let column = offset % self.stride;
        assert!(
            column >= self.first
                && column + columns <= self.first + self.width
                && offset + reach <= self.matrix_len(),
            "columns: {columns} from {column} on, of {}..{}",
            self.first,
            self.first + self.width
        );
        // SAFETY: the offset lies in the matrix.
        unsafe { self.start.add(offset) }
    }
}
