"""Cases of the family `preprocessing`: layers of numbers; those of texts are in `preprocessing_cases.py`."""

from keras import layers

ROWS = [
    ("Rescaling", "each_feature", lambda: layers.Rescaling([0.5, 2.0, -1.0], offset=[1.0, 0.0, -2.0]), [(2, 4, 3)]),
    # Statistics of the last axis, of several, of none, given for each place or one for all; back again.
    ("Normalization", "scalar", lambda: layers.Normalization(mean=0.5, variance=4.0), [(3, 4)]),
    ("Normalization", "invert", lambda: layers.Normalization(mean=[1.0, -2.0], variance=[4.0, 0.0], invert=True), [(3, 5, 2)]),
    ("Normalization", "axis1", lambda: layers.Normalization(axis=1, mean=[0.1, 0.2, 0.3], variance=[1.0, 0.5, 2.0]), [(2, 3, 4)]),
    ("Normalization", "axes_1_3", lambda: layers.Normalization(axis=(1, -1), mean=[[0.5, 1.0], [2.0, -1.0]], variance=[[1.0, 2.0], [0.1, 0.0]]), [(3, 2, 4, 2)]),
    ("Normalization", "axes_fewer_dims", lambda: layers.Normalization(axis=(1, -1), mean=[0.5, 1.0], variance=[4.0, 0.3]), [(2, 3, 2)]),
    ("Normalization", "axis_none", lambda: layers.Normalization(axis=None, mean=2.0, variance=9.0), [(3, 4)]),
    # Ranges: numbers on the bounds, equal bounds, every output mode.
    ("Discretization", "ties", lambda: layers.Discretization(bin_boundaries=[-1.0, -0.5, 0.0, 0.0, 1.0]), [(4, 9)], {}, "coarse"),
    ("Discretization", "one_hot", lambda: layers.Discretization(bin_boundaries=[-0.5, 0.5], output_mode="one_hot"), [(3, 4)]),
    ("Discretization", "one_hot_last1", lambda: layers.Discretization(bin_boundaries=[-0.5, 0.5], output_mode="one_hot"), [(5, 1)]),
    ("Discretization", "multi_hot", lambda: layers.Discretization(bin_boundaries=[-0.5, 0.5, 1.0], output_mode="multi_hot"), [(3, 4)]),
    ("Discretization", "count", lambda: layers.Discretization(bin_boundaries=[-0.5, 0.0, 1.0], output_mode="count"), [(3, 6)]),
    ("CategoryEncoding", "one_hot", lambda: layers.CategoryEncoding(5, output_mode="one_hot"), [(3, 4)], {}, "whole"),
    ("CategoryEncoding", "one_hot_last1", lambda: layers.CategoryEncoding(5, output_mode="one_hot"), [(6, 1)], {}, "whole"),
    ("CategoryEncoding", "multi_hot_rank3", lambda: layers.CategoryEncoding(5), [(2, 3, 4)], {}, "whole"),
    ("CategoryEncoding", "count_rank3", lambda: layers.CategoryEncoding(5, output_mode="count"), [(2, 3, 4)], {}, "whole"),
    # Hashes of numbers: their digits, with a salt, with a mask, floats without their fractions.
    ("Hashing", "bins7", lambda: layers.Hashing(7), [(4, 6)], {}, "whole"),
    ("Hashing", "salt", lambda: layers.Hashing(11, salt=[137, -42]), [(4, 6)], {}, "whole"),
    ("Hashing", "salt_mask", lambda: layers.Hashing(6, salt=3, mask_value=2), [(4, 6)], {}, "whole"),
    ("Hashing", "one_bin_mask", lambda: layers.Hashing(1, mask_value=2), [(2, 3)], {}, "whole"),
    ("Hashing", "floats", lambda: layers.Hashing(9), [(3, 5)], {}, "large"),
    ("Hashing", "multi_hot", lambda: layers.Hashing(6, output_mode="multi_hot"), [(3, 4)], {}, "whole"),
    ("Hashing", "count_mask", lambda: layers.Hashing(6, output_mode="count", mask_value=0), [(3, 5)], {}, "whole"),
    ("Hashing", "one_hot_last1", lambda: layers.Hashing(4, output_mode="one_hot"), [(5, 1)], {}, "whole"),
    ("HashedCrossing", "bins10", lambda: layers.HashedCrossing(10), [(8, 1), (8, 1)], {}, "whole"),
    ("HashedCrossing", "three", lambda: layers.HashedCrossing(97), [(9,), (9,), (9,)], {}, "whole"),
    ("HashedCrossing", "one_hot", lambda: layers.HashedCrossing(5, output_mode="one_hot"), [(7, 1), (7, 1)], {}, "whole"),
    # Vocabularies: unknown numbers by remainder and hash, masks, padding, the way back.
    ("IntegerLookup", "int", lambda: layers.IntegerLookup(vocabulary=[3, 1, 7]), [(3, 4)], {}, "whole"),
    ("IntegerLookup", "mask_oov3", lambda: layers.IntegerLookup(vocabulary=[3, 1], mask_token=0, num_oov_indices=3), [(4, 5)], {}, "whole"),
    ("IntegerLookup", "farmhash", lambda: layers.IntegerLookup(vocabulary=[3], num_oov_indices=4, oov_method="farmhash"), [(4, 5)], {}, "whole"),
    ("IntegerLookup", "farmhash_salt", lambda: layers.IntegerLookup(vocabulary=[3], num_oov_indices=4, oov_method="farmhash", salt=[5, 6]), [(4, 5)], {}, "whole"),
    ("IntegerLookup", "special_in_front", lambda: layers.IntegerLookup(vocabulary=[0, -1, 3, 4], mask_token=0), [(4, 5)], {}, "whole"),
    ("IntegerLookup", "one_hot", lambda: layers.IntegerLookup(vocabulary=[3, 1], output_mode="one_hot"), [(6, 1)], {}, "whole"),
    ("IntegerLookup", "multi_hot_mask_pad", lambda: layers.IntegerLookup(vocabulary=[3, 1], mask_token=0, max_tokens=6, output_mode="multi_hot", pad_to_max_tokens=True), [(4, 5)], {}, "whole"),
    ("IntegerLookup", "count_oov2", lambda: layers.IntegerLookup(vocabulary=[3, 1], num_oov_indices=2, output_mode="count"), [(4, 5)], {}, "whole"),
    ("IntegerLookup", "tf_idf", lambda: layers.IntegerLookup(vocabulary=[3, 1, 4], idf_weights=[0.5, 1.25, 2.0], output_mode="tf_idf"), [(4, 5)], {}, "whole"),
    ("IntegerLookup", "invert", lambda: layers.IntegerLookup(vocabulary=[30, 10], mask_token=99, invert=True), [(4, 5)], {}, "whole"),
    ("Pipeline", "rescaling_discretization", lambda: layers.Pipeline([layers.Rescaling(0.5, offset=1.0), layers.Discretization(bin_boundaries=[0.5, 1.0, 1.5], output_mode="count")]), [(3, 4)]),
    # Spectrograms: every mode, both scalings, padding, several channels, odd lengths.
    ("STFTSpectrogram", "real_same", lambda: layers.STFTSpectrogram(mode="real", frame_length=8, frame_step=3, padding="same"), [(2, 21, 1)]),
    ("STFTSpectrogram", "imag_spectrum", lambda: layers.STFTSpectrogram(mode="imag", frame_length=8, fft_length=16, scaling="spectrum", window="hamming"), [(2, 20, 2)]),
    ("STFTSpectrogram", "angle_periodic", lambda: layers.STFTSpectrogram(mode="angle", frame_length=8, frame_step=4, periodic=True), [(2, 20, 1)]),
    ("STFTSpectrogram", "stft_expand", lambda: layers.STFTSpectrogram(mode="stft", frame_length=8, frame_step=5, expand_dims=True, scaling=None), [(2, 20, 3)]),
    ("STFTSpectrogram", "psd_channels", lambda: layers.STFTSpectrogram(mode="psd", frame_length=8, window=None, padding="same"), [(2, 17, 2)]),
    ("STFTSpectrogram", "magnitude_blackman", lambda: layers.STFTSpectrogram(mode="magnitude", frame_length=6, frame_step=6, fft_length=8, window="blackman"), [(2, 20, 1)]),
    ("MelSpectrogram", "default_db", lambda: layers.MelSpectrogram(fft_length=64, sequence_stride=16, sampling_rate=4000, num_mel_bins=8), [(2, 130)]),
    ("MelSpectrogram", "power", lambda: layers.MelSpectrogram(fft_length=64, sequence_stride=20, sequence_length=40, window="hamming", sampling_rate=8000, num_mel_bins=6, min_freq=100.0, max_freq=3000, power_to_db=False, mag_exp=1.0), [(2, 150)]),
    ("MelSpectrogram", "ref", lambda: layers.MelSpectrogram(fft_length=32, sequence_stride=8, sampling_rate=4000, num_mel_bins=4, top_db=20.0, mag_exp=2.0, min_power=1e-5, ref_power=3.0), [(3, 65)]),
]
