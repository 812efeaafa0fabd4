//! Layers that walk along a sequence.

mod arguments;
mod cell;
mod gates;
mod over;
pub(super) mod wrapped;

pub use cell::{RnnCell, Walk, Walked};
pub(in crate::layers) use wrapped::Wrapped;

family! {
    rnn::RNN,
    stacked_rnn_cells::StackedRNNCells,
    simple_rnn_cell::SimpleRNNCell,
    lstm_cell::LSTMCell,
    gru_cell::GRUCell,
    simple_rnn::SimpleRNN,
    lstm::LSTM,
    gru::GRU,
    bidirectional::Bidirectional,
    time_distributed::TimeDistributed,
}
