//! Layers that walk along a sequence.

mod sequence;
mod wrapped;

family! {
    simple_rnn::SimpleRNN,
    lstm::LSTM,
    gru::GRU,
    bidirectional::Bidirectional,
}
