//! Layers that walk along a sequence.

mod arguments;
mod cell;
mod conv_gates;
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
    conv_lstm1d::ConvLSTM1D,
    conv_lstm2d::ConvLSTM2D,
    conv_lstm3d::ConvLSTM3D,
    conv_lstm1d_cell::ConvLSTM1DCell,
    conv_lstm2d_cell::ConvLSTM2DCell,
    conv_lstm3d_cell::ConvLSTM3DCell,
    bidirectional::Bidirectional,
    time_distributed::TimeDistributed,
}
