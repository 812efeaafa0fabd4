"""Cases of the family `recurrent`."""

from keras import layers

from rows import MASK, STATES

ROWS = [
    # Recurrent layers: gates in Keras's order, both directions of time, states, masks, other activations, odd sizes.
    ("LSTM", "u17_seq", lambda: layers.LSTM(17, return_sequences=True), [(3, 5, 6)]),
    ("LSTM", "u33", lambda: layers.LSTM(33), [(5, 3, 9)]),
    ("LSTM", "u5_one_step", lambda: layers.LSTM(5), [(2, 1, 3)]),
    ("LSTM", "u4_seq_backwards_noforget", lambda: layers.LSTM(4, return_sequences=True, go_backwards=True, unit_forget_bias=False), [(3, 6, 5)]),
    ("LSTM", "u4_relu_hard_sigmoid", lambda: layers.LSTM(4, activation="relu", recurrent_activation="hard_sigmoid"), [(3, 4, 5)]),
    ("LSTM", "u4_seq_state", lambda: layers.LSTM(4, return_sequences=True, return_state=True), [(3, 6, 5)]),
    ("LSTM", "u4_state_backwards", lambda: layers.LSTM(4, return_state=True, go_backwards=True), [(3, 6, 5)]),
    ("LSTM", "u4_state_unroll", lambda: layers.LSTM(4, return_state=True, unroll=True), [(3, 4, 5)]),
    ("LSTM", "u4_mask", lambda: layers.LSTM(4), [(4, 6, 5)], {"mask": MASK}),
    ("LSTM", "u4_mask_seq_backwards", lambda: layers.LSTM(4, return_sequences=True, go_backwards=True), [(4, 6, 5)], {"mask": MASK}),
    ("LSTM", "u4_mask_seq_unroll", lambda: layers.LSTM(4, return_sequences=True, unroll=True), [(4, 6, 5)], {"mask": MASK}),
    ("LSTM", "u4_initial_state", lambda: layers.LSTM(4), [(3, 5, 6), (3, 4), (3, 4)], {"initial_state": STATES}),
    ("GRU", "u17_seq", lambda: layers.GRU(17, return_sequences=True), [(3, 5, 6)]),
    ("GRU", "u33_reset_before", lambda: layers.GRU(33, reset_after=False), [(5, 3, 9)]),
    ("GRU", "u4_seq_backwards", lambda: layers.GRU(4, return_sequences=True, go_backwards=True), [(3, 6, 5)]),
    ("GRU", "u4_seq_reset_before_nobias", lambda: layers.GRU(4, return_sequences=True, reset_after=False, use_bias=False), [(3, 6, 5)]),
    ("GRU", "u4_elu_softsign", lambda: layers.GRU(4, activation="elu", recurrent_activation="softsign"), [(3, 4, 5)]),
    ("GRU", "u4_reset_before_unroll", lambda: layers.GRU(4, reset_after=False, unroll=True), [(3, 4, 5)]),
    ("GRU", "u4_state", lambda: layers.GRU(4, return_state=True), [(3, 6, 5)]),
    ("GRU", "u4_mask_seq", lambda: layers.GRU(4, return_sequences=True), [(4, 6, 5)], {"mask": MASK}),
    ("GRU", "u4_mask_reset_before_backwards", lambda: layers.GRU(4, reset_after=False, go_backwards=True), [(4, 6, 5)], {"mask": MASK}),
    ("GRU", "u4_initial_state", lambda: layers.GRU(4, return_sequences=True), [(3, 5, 6), (3, 4)], {"initial_state": STATES}),
    ("SimpleRNN", "u17_seq", lambda: layers.SimpleRNN(17, return_sequences=True), [(3, 5, 6)]),
    ("SimpleRNN", "u4_backwards_nobias", lambda: layers.SimpleRNN(4, go_backwards=True, use_bias=False), [(3, 6, 5)]),
    ("SimpleRNN", "u4_relu", lambda: layers.SimpleRNN(4, activation="relu"), [(3, 4, 5)]),
    ("SimpleRNN", "u4_mask_seq", lambda: layers.SimpleRNN(4, return_sequences=True), [(4, 6, 5)], {"mask": MASK}),
    ("Bidirectional", "LSTM4_seq", lambda: layers.Bidirectional(layers.LSTM(4, return_sequences=True)), [(3, 5, 6)]),
    ("Bidirectional", "GRU4_ave", lambda: layers.Bidirectional(layers.GRU(4), merge_mode="ave"), [(3, 5, 6)]),
    ("Bidirectional", "GRU4_seq_mul_mask", lambda: layers.Bidirectional(layers.GRU(4, return_sequences=True), merge_mode="mul"), [(4, 6, 5)], {"mask": MASK}),
    ("Bidirectional", "LSTM3_GRU3_sum", lambda: layers.Bidirectional(layers.LSTM(3), backward_layer=layers.GRU(3, go_backwards=True), merge_mode="sum"), [(3, 5, 6)]),
    ("Bidirectional", "SimpleRNN3_seq_unmerged", lambda: layers.Bidirectional(layers.SimpleRNN(3, return_sequences=True), merge_mode=None), [(3, 5, 6)]),
    ("Bidirectional", "LSTM3_state", lambda: layers.Bidirectional(layers.LSTM(3, return_state=True)), [(3, 5, 6)]),
]
