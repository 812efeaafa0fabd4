"""Golden cases kept as JSON: losses, metrics, optimizer trajectories, learning rate schedules, regularizers and initializer statistics.

Each case records its arguments and inputs; `make` computes the expected values again from them and adds the cases listed here.
"""

import copy
import functools
import inspect
import json
import zlib

import keras
import numpy as np
import tensorflow as tf
from keras.optimizers import schedules

import case_file
import references

LOSSES = [  # name, loss, arguments, kind of y, shape
    ("BinaryCrossentropy__binlogit__6x1__from_logits=True", "BinaryCrossentropy", {"from_logits": True}, "binlogit", (6, 1)),
    ("BinaryCrossentropy__binlogit__4x5__from_logits=True__label_smoothing=0.2", "BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, "binlogit", (4, 5)),
    ("BinaryCrossentropy__saturated__6x1", "BinaryCrossentropy", {}, "binsaturated", (6, 1)),
    ("CategoricalCrossentropy__unnormalized__4x5", "CategoricalCrossentropy", {}, "catunnormalized", (4, 5)),
    ("CategoricalCrossentropy__catlogit__4x5__from_logits=True", "CategoricalCrossentropy", {"from_logits": True}, "catlogit", (4, 5)),
    ("CategoricalCrossentropy__saturated__4x5", "CategoricalCrossentropy", {}, "catsaturated", (4, 5)),
    ("CategoricalCrossentropy__cat__4x5__reduction=sum", "CategoricalCrossentropy", {"reduction": "sum"}, "cat", (4, 5)),
    ("SparseCategoricalCrossentropy__sparse__7x10", "SparseCategoricalCrossentropy", {}, "sparse", (7, 10)),
    ("SparseCategoricalCrossentropy__unnormalized__4x5", "SparseCategoricalCrossentropy", {}, "sparseunnormalized", (4, 5)),
    ("SparseCategoricalCrossentropy__saturated__4x5", "SparseCategoricalCrossentropy", {}, "sparsesaturated", (4, 5)),
    ("SparseCategoricalCrossentropy__sparse__4x5__reduction=sum", "SparseCategoricalCrossentropy", {"reduction": "sum"}, "sparse", (4, 5)),
    ("MeanSquaredError__reg__2x3x4", "MeanSquaredError", {}, "reg", (2, 3, 4)),
    ("MeanSquaredError__reg__3x4__reduction=None", "MeanSquaredError", {"reduction": None}, "reg", (3, 4)),
    ("MeanAbsoluteError__reg__5x1", "MeanAbsoluteError", {}, "reg", (5, 1)),
    ("MeanAbsolutePercentageError__zeros__4x5", "MeanAbsolutePercentageError", {}, "zeros", (4, 5)),
    ("MeanSquaredLogarithmicError__reg__4x5", "MeanSquaredLogarithmicError", {}, "reg", (4, 5)),
    ("MeanSquaredLogarithmicError__pos__3x2", "MeanSquaredLogarithmicError", {}, "pos", (3, 2)),
    ("LogCosh__wide__3x4", "LogCosh", {}, "wide", (3, 4)),
    ("Huber__wide__3x4__delta=2.5", "Huber", {"delta": 2.5}, "wide", (3, 4)),
    ("Huber__reg__5x2__reduction=sum", "Huber", {"reduction": "sum"}, "reg", (5, 2)),
    ("CosineSimilarity__reg__3x4", "CosineSimilarity", {}, "reg", (3, 4)),
    ("CosineSimilarity__reg__2x3x4__axis=-2", "CosineSimilarity", {"axis": -2}, "reg", (2, 3, 4)),
    ("CosineSimilarity__reg__2x3x4__axis=1,2", "CosineSimilarity", {"axis": [1, 2]}, "reg", (2, 3, 4)),
    ("Hinge__bin__4x3", "Hinge", {}, "bin", (4, 3)),
    ("Hinge__reg__4x3", "Hinge", {}, "reg", (4, 3)),
    ("SquaredHinge__bin__4x1", "SquaredHinge", {}, "bin", (4, 1)),
    ("CategoricalHinge__cat__4x5", "CategoricalHinge", {}, "cat", (4, 5)),
    ("KLDivergence__dist__2x3x4", "KLDivergence", {}, "dist", (2, 3, 4)),
    ("KLDivergence__catsaturated__4x5", "KLDivergence", {}, "catsaturated", (4, 5)),
    ("Poisson__pos__4x5", "Poisson", {}, "pos", (4, 5)),
    ("BinaryCrossentropy__bin__2x3x4__axis=1", "BinaryCrossentropy", {"axis": 1}, "bin", (2, 3, 4)),
    ("BinaryFocalCrossentropy__bin__4x5__alpha=0.6__gamma=1.5", "BinaryFocalCrossentropy", {"alpha": 0.6, "gamma": 1.5, "apply_class_balancing": True}, "bin", (4, 5)),
    ("BinaryFocalCrossentropy__bin__4x5__label_smoothing=0.2__gamma=0", "BinaryFocalCrossentropy", {"label_smoothing": 0.2, "gamma": 0.0}, "bin", (4, 5)),
    ("BinaryFocalCrossentropy__binlogit__2x3x4__axis=1__gamma=1", "BinaryFocalCrossentropy", {"from_logits": True, "axis": 1, "gamma": 1.0}, "binlogit", (2, 3, 4)),
    ("CategoricalCrossentropy__catlogit__2x4x3__axis=1", "CategoricalCrossentropy", {"from_logits": True, "axis": 1}, "catlogit@1", (2, 4, 3)),
    ("CategoricalCrossentropy__cat__2x3x3__axis=1__label_smoothing=0.1", "CategoricalCrossentropy", {"axis": 1, "label_smoothing": 0.1}, "cat@1", (2, 3, 3)),
    ("CategoricalFocalCrossentropy__catlogit__4x5__from_logits=True__gamma=3", "CategoricalFocalCrossentropy", {"from_logits": True, "gamma": 3.0, "alpha": 0.5}, "catlogit", (4, 5)),
    ("CategoricalFocalCrossentropy__cat__2x3x4__label_smoothing=0.2", "CategoricalFocalCrossentropy", {"label_smoothing": 0.2}, "cat", (2, 3, 4)),
    ("CategoricalFocalCrossentropy__cat__2x3x4__axis=1", "CategoricalFocalCrossentropy", {"axis": 1}, "cat@1", (2, 3, 4)),
    ("CategoricalFocalCrossentropy__cat__4x3__alpha_each", "CategoricalFocalCrossentropy", {"alpha": [0.1, 0.5, 0.9]}, "cat", (4, 3)),
    ("CategoricalFocalCrossentropy__catlogit__2x3x2__alpha_each", "CategoricalFocalCrossentropy", {"alpha": [0.7, 0.2], "from_logits": True, "gamma": 1.0}, "catlogit", (2, 3, 2)),
    ("CategoricalGeneralizedCrossEntropy__sparse__6x4__q=0.8", "CategoricalGeneralizedCrossEntropy", {"q": 0.8}, "sparse", (6, 4)),
    ("Dice__bin__2x3x4__axis=1,2", "Dice", {"axis": [1, 2]}, "bin", (2, 3, 4)),
    ("Dice__bin__3x4__axis=0", "Dice", {"axis": 0}, "bin", (3, 4)),
    ("Tversky__bin__2x3x4__axis=-1__alpha=0.2", "Tversky", {"axis": -1, "alpha": 0.2}, "bin", (2, 3, 4)),
    ("Circle__circle__7x4__gamma=5__margin=0.2", "Circle", {"gamma": 5.0, "margin": 0.2}, "circle", (7, 4)),
    ("Circle__circle__5x3__remove_diagonal=False", "Circle", {"remove_diagonal": False, "gamma": 8.0}, "circle", (5, 3)),
    ("CTC__4x7x5", "CTC", {}, "ctc", (4, 7, 5)),
    ("CTC__2x9x3__reduction=sum", "CTC", {"reduction": "sum"}, "ctc", (2, 9, 3)),
    ("Contrastive__bin__5x1__margin=0.6", "Contrastive", {"margin": 0.6}, "bin", (5, 1)),
    ("Contrastive__pairs__4x3", "Contrastive", {}, "bin", (4, 3)),
    ("TripletSemiHard__vectors__9x3", "TripletSemiHard", {}, "vectors", (9, 3)),
    ("TripletSemiHard__vectors__8x4__margin=0.3", "TripletSemiHard", {"margin": 0.3}, "vectors", (8, 4)),
    ("TripletSemiHard__vectors__8x3__squared-L2", "TripletSemiHard", {"distance_metric": "squared-L2"}, "vectors", (8, 3)),
    ("TripletSemiHard__vectors__9x4__angular", "TripletSemiHard", {"distance_metric": "angular", "margin": 0.5}, "vectors", (9, 4)),
    ("TripletHard__vectors__8x3__squared-L2", "TripletHard", {"distance_metric": "squared-L2"}, "vectors", (8, 3)),
    ("TripletHard__vectors__9x4__angular__soft=True", "TripletHard", {"distance_metric": "angular", "soft": True}, "vectors", (9, 4)),
    ("TripletHard__vectors__9x3", "TripletHard", {}, "vectors", (9, 3)),
    ("TripletHard__vectors__8x2__soft=True", "TripletHard", {"soft": True}, "vectors", (8, 2)),
    ("ArcFace__cosines__6x4", "ArcFace", {"scale": 16.0}, "cosines", (6, 4)),
    ("ArcFace__cosines__9x3__margin=1.2", "ArcFace", {"margin": 1.2, "scale": 8.0}, "cosines", (9, 3)),
    ("GaussianNLL__means__5x3", "GaussianNLL", {}, "means", (5, 3)),
    ("GaussianNLL__means__2x4x1__full=True__eps=0.5", "GaussianNLL", {"full": True, "eps": 0.5}, "means", (2, 4, 1)),
    ("CTC__even__2x6x4", "CTC", {}, "ctceven", (2, 6, 4)),
]

METRICS = [  # name, metric, arguments, kind of y, shapes of the batches
    ("SparseCategoricalAccuracy__sparse", "SparseCategoricalAccuracy", {}, "sparse", [(6, 5), (5, 5)]),
    ("SparseCategoricalAccuracy__ties", "SparseCategoricalAccuracy", {}, "sparsecoarse", [(16, 4), (9, 4)]),
    ("CategoricalAccuracy__ties", "CategoricalAccuracy", {}, "catcoarse", [(16, 4), (9, 4)]),
    ("BinaryAccuracy__bin__threshold=0.3", "BinaryAccuracy", {"threshold": 0.3}, "bin", [(6, 5), (5, 5)]),
    ("BinaryAccuracy__bin1", "BinaryAccuracy", {}, "bin", [(6, 1), (4, 1)]),
    ("Accuracy__sparse_rank2", "Accuracy", {}, "intpair", [(6, 3), (5, 3)]),
    ("Sum__values", "Sum", {}, "values", [(6,), (5,)]),
    ("CategoricalCrossentropy__catlogit__from_logits=True", "CategoricalCrossentropy", {"from_logits": True}, "catlogit", [(6, 5), (5, 5)]),
    ("SparseCategoricalCrossentropy__sparselogit__from_logits=True", "SparseCategoricalCrossentropy", {"from_logits": True}, "sparselogit", [(6, 5), (5, 5)]),
    ("TopKCategoricalAccuracy__ties__k=2", "TopKCategoricalAccuracy", {"k": 2}, "catcoarse", [(9, 5), (7, 5)]),
    ("SparseTopKCategoricalAccuracy__places__k=3", "SparseTopKCategoricalAccuracy", {"k": 3}, "sparse", [(4, 3, 6), (2, 3, 6)]),
    ("SparseTopKCategoricalAccuracy__ids__from_sorted_ids=True", "SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, "sortedids", [(6, 4), (5, 4)]),
    ("AUC__bin1", "AUC", {}, "bin", [(20, 1), (15, 1)]),
    ("AUC__edges__num_thresholds=9", "AUC", {"num_thresholds": 9}, "edges", [(24, 1), (13, 1)]),
    ("AUC__edges__majoring", "AUC", {"num_thresholds": 5, "summation_method": "majoring"}, "edges", [(24, 1), (13, 1)]),
    ("AUC__bin1__PR__minoring", "AUC", {"curve": "PR", "summation_method": "minoring"}, "bin", [(20, 1), (15, 1)]),
    ("AUC__bin1__PRGAIN", "AUC", {"curve": "PRGAIN", "num_thresholds": 50}, "bin", [(20, 1), (15, 1)]),
    ("AUC__bin1__thresholds", "AUC", {"thresholds": [0.8, 0.1, 0.35]}, "bin", [(20, 1), (15, 1)]),
    ("AUC__bin__PR__multi_label__label_weights", "AUC", {"curve": "PR", "multi_label": True, "label_weights": [0.5, 2.0, 1.0]}, "bin", [(9, 3), (8, 3)]),
    ("AUC__bin__multi_label__thresholds", "AUC", {"multi_label": True, "thresholds": [0.3, 0.7], "num_labels": 3}, "bin", [(9, 3), (8, 3)]),
    ("AUC__bin__label_weights", "AUC", {"label_weights": [0.5, 2.0, 1.0]}, "bin", [(9, 3), (8, 3)]),
    ("AUC__binlogit__from_logits=True", "AUC", {"from_logits": True}, "binlogit", [(20, 1), (15, 1)]),
    ("Precision__bin", "Precision", {}, "bin", [(6, 5), (5, 5)]),
    ("Precision__cat__top_k=2__class_id=1", "Precision", {"top_k": 2, "class_id": 1}, "cat", [(9, 4), (8, 4)]),
    ("Precision__catcoarse__top_k=2", "Precision", {"top_k": 2}, "catcoarse", [(9, 4), (8, 4)]),
    ("Recall__bin__thresholds=0.3", "Recall", {"thresholds": 0.3}, "bin", [(6, 5), (5, 5)]),
    ("Recall__cat__top_k=1", "Recall", {"top_k": 1}, "cat", [(9, 4), (8, 4)]),
    ("Recall__bin__class_id=2__thresholds", "Recall", {"class_id": 2, "thresholds": [0.2, 0.5, 0.9]}, "bin", [(9, 4), (8, 4)]),
    ("TruePositives__bin1__thresholds", "TruePositives", {"thresholds": [0.1, 0.6]}, "bin", [(9, 1), (8, 1)]),
    ("FalseNegatives__bin__threshold=0.8", "FalseNegatives", {"thresholds": 0.8}, "bin", [(6, 5), (5, 5)]),
    ("FalsePositives__edges__even", "FalsePositives", {"thresholds": [0.0, 0.5, 1.0]}, "edges", [(12, 1), (9, 1)]),
    ("TrueNegatives__places", "TrueNegatives", {}, "bin", [(3, 2, 4), (2, 2, 4)]),
    ("SensitivityAtSpecificity__bin1", "SensitivityAtSpecificity", {"specificity": 0.4}, "bin", [(20, 1), (15, 1)]),
    ("SensitivityAtSpecificity__bin1__num_thresholds=1", "SensitivityAtSpecificity", {"specificity": 0.2, "num_thresholds": 1}, "bin", [(20, 1), (15, 1)]),
    ("SpecificityAtSensitivity__edges__num_thresholds=9", "SpecificityAtSensitivity", {"sensitivity": 0.6, "num_thresholds": 9}, "edges", [(20, 1), (15, 1)]),
    ("PrecisionAtRecall__bin__class_id=1", "PrecisionAtRecall", {"recall": 0.5, "class_id": 1}, "bin", [(9, 3), (8, 3)]),
    ("RecallAtPrecision__bin1__unreached", "RecallAtPrecision", {"precision": 0.99, "num_thresholds": 20}, "bin", [(20, 1), (15, 1)]),
    ("F1Score__cat", "F1Score", {}, "cat", [(9, 4), (8, 4)]),
    ("F1Score__bin__threshold=0.4__macro", "F1Score", {"threshold": 0.4, "average": "macro"}, "bin", [(9, 4), (8, 4)]),
    ("FBetaScore__bin__beta=0.5__threshold=0.6__weighted", "FBetaScore", {"beta": 0.5, "threshold": 0.6, "average": "weighted"}, "bin", [(9, 4), (8, 4)]),
    ("IoU__cat__scores", "IoU", {"num_classes": 4, "target_class_ids": [1, 3], "sparse_y_pred": False}, "sparse", [(9, 4), (8, 4)]),
    ("MeanIoU__intpair__ignore_class=2", "MeanIoU", {"num_classes": 4, "ignore_class": 2}, "intpair", [(9, 3), (8, 3)]),
    ("MeanIoU__intpair__out_of_bounds", "MeanIoU", {"num_classes": 3}, "intpair", [(9,), (8,)]),
    ("BinaryIoU__bin__threshold=0.3", "BinaryIoU", {"threshold": 0.3}, "bin", [(9, 1), (8, 1)]),
    ("BinaryIoU__bin__one_class", "BinaryIoU", {"target_class_ids": [1]}, "bin", [(9, 2), (8, 2)]),
    ("OneHotMeanIoU__cat", "OneHotMeanIoU", {"num_classes": 5}, "cat", [(9, 5), (8, 5)]),
    ("OneHotIoU__catcoarse__places", "OneHotIoU", {"num_classes": 3, "target_class_ids": [0]}, "catcoarse", [(3, 2, 3), (2, 2, 3)]),
    ("RootMeanSquaredError__places", "RootMeanSquaredError", {}, "reg", [(3, 2, 4), (2, 2, 4)]),
    ("R2Score__reg", "R2Score", {}, "reg", [(9, 3), (8, 3)]),
    ("R2Score__reg__variance__num_regressors=2", "R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}, "reg", [(9, 3), (8, 3)]),
    ("R2Score__reg__None", "R2Score", {"class_aggregation": None}, "reg", [(9, 3), (8, 3)]),
    ("LogCoshError__wide", "LogCoshError", {}, "wide", [(6, 2), (5, 2)]),
    ("CosineSimilarity__places__axis=1", "CosineSimilarity", {"axis": 1}, "reg", [(3, 4, 2), (2, 4, 2)]),
    ("PearsonCorrelation__places__axis=1", "PearsonCorrelation", {"axis": 1}, "reg", [(3, 4, 2), (2, 4, 2)]),
    ("ConcordanceCorrelation__wide", "ConcordanceCorrelation", {}, "wide", [(6, 5), (5, 5)]),
    ("KLDivergence__dist", "KLDivergence", {}, "dist", [(6, 5), (5, 5)]),
    ("Poisson__pos__places", "Poisson", {}, "pos", [(3, 2, 4), (2, 2, 4)]),
    ("Mean__places", "Mean", {}, "values", [(3, 2, 4), (2, 2, 4)]),
    ("MeanAbsoluteError__reg", "MeanAbsoluteError", {}, "reg", [(6, 3), (5, 3)]),
    ("MeanAbsolutePercentageError__zeros", "MeanAbsolutePercentageError", {}, "zeros", [(6, 3), (5, 3)]),
    ("MeanSquaredLogarithmicError__pos", "MeanSquaredLogarithmicError", {}, "pos", [(6, 3), (5, 3)]),
    ("Hinge__bin", "Hinge", {}, "bin", [(6, 3), (5, 3)]),
    ("SquaredHinge__reg", "SquaredHinge", {}, "reg", [(6, 3), (5, 3)]),
    ("CategoricalHinge__cat", "CategoricalHinge", {}, "cat", [(6, 4), (5, 4)]),
    ("MeanRelativeError__reg", "MeanRelativeError", {"normalizer": [0.5, 2.0, 0.0]}, "reg", [(6, 3), (5, 3)]),
    ("Perplexity__sparse__places", "Perplexity", {}, "sparse", [(3, 4, 5), (2, 4, 5)]),
    ("Perplexity__sparselogit__mask_token_id=0", "Perplexity", {"from_logits": True, "mask_token_id": 0}, "sparselogit", [(4, 3, 4), (2, 3, 4)]),
]

OPTIMIZERS = [  # name, class, arguments
    ("SGD_default", "SGD", {}),
    ("SGD_global_clipnorm0.8", "SGD", {"learning_rate": 0.1, "global_clipnorm": 0.8}),
    ("SGD_clipvalue0.3_momentum0.9", "SGD", {"learning_rate": 0.05, "momentum": 0.9, "clipvalue": 0.3}),
    ("SGD_nesterov0.9_weight_decay0.02", "SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.02}),
    ("RMSprop_centered", "RMSprop", {"learning_rate": 0.01, "centered": True}),
    ("RMSprop_rho0.5_eps1e-3_clipnorm1", "RMSprop", {"learning_rate": 0.02, "rho": 0.5, "epsilon": 1e-3, "clipnorm": 1.0}),
    ("Adam_default", "Adam", {}),
    ("Adam_amsgrad", "Adam", {"learning_rate": 0.05, "amsgrad": True}),
    ("Adam_global_clipnorm0.8", "Adam", {"learning_rate": 0.05, "global_clipnorm": 0.8}),
    ("Adam_clipvalue0.2", "Adam", {"learning_rate": 0.05, "clipvalue": 0.2}),
    ("SGD_ema", "SGD", {"learning_rate": 0.1, "use_ema": True}),
    ("Adam_ema0.8_overwrite3", "Adam", {"learning_rate": 0.05, "use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3}),
    ("SGD_momentum0.9_accumulation3_clipnorm1", "SGD", {"learning_rate": 0.1, "momentum": 0.9, "gradient_accumulation_steps": 3, "clipnorm": 1.0}),
    ("Adam_accumulation2_ema_overwrite2_wd", "Adam", {"learning_rate": 0.05, "gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 2, "weight_decay": 0.1}),
    ("Adam_loss_scale_factor128", "Adam", {"learning_rate": 0.05, "loss_scale_factor": 128.0, "epsilon": 1e-3}),
    ("Adadelta_rho0.8_eps1e-4", "Adadelta", {"learning_rate": 0.5, "rho": 0.8, "epsilon": 1e-4}),
    ("Adagrad_default", "Adagrad", {}),
    ("Adafactor_clip0.3", "Adafactor", {"learning_rate": 0.5, "clip_threshold": 0.3, "beta_2_decay": -0.6, "epsilon_2": 0.01}),
    ("Adamax_default", "Adamax", {}),
    ("Ftrl_l1_l2_shrinkage_beta", "Ftrl", {"learning_rate": 0.2, "l1_regularization_strength": 0.1, "l2_regularization_strength": 0.05, "l2_shrinkage_regularization_strength": 0.02, "beta": 0.3}),
    ("Ftrl_power-0.7_init0", "Ftrl", {"learning_rate": 0.2, "learning_rate_power": -0.7, "initial_accumulator_value": 0.05}),
    ("Lamb_default", "Lamb", {}),
    ("Lion_beta0.5", "Lion", {"learning_rate": 0.01, "beta_1": 0.5, "beta_2": 0.8}),
    ("Muon_default", "Muon", {}),
    ("Muon_rms_none_ns3", "Muon", {"learning_rate": 0.05, "rms_rate": None, "ns_steps": 3, "momentum": 0.8, "adam_lr_ratio": 0.5}),
    ("Muon_excluded", "Muon", {"learning_rate": 0.05, "exclude_layers": ["^m$"]}),
    ("Nadam_weight_decay", "Nadam", {"learning_rate": 0.03, "beta_1": 0.7, "weight_decay": 0.02}),
    ("ScheduleFreeAdamW_warmup5_wd", "ScheduleFreeAdamW", {"learning_rate": 0.05, "warmup_steps": 5, "weight_decay": 0.02}),
    ("LossScaleOptimizer_growth3", "LossScaleOptimizer", {"inner_optimizer": keras.optimizers.Adam(0.05, epsilon=1e-3), "initial_scale": 4.0, "dynamic_growth_steps": 3}),
    ("MultiOptimizer_w_and_m", "MultiOptimizer", {"optimizer_map": keras.optimizers.OptimizerMap(keras.optimizers.Adam(0.05), {"m|never": keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=1.0)})}),
    ("MultiOptimizer_schedules", "MultiOptimizer", {"optimizer_map": keras.optimizers.OptimizerMap(keras.optimizers.Adam(schedules.CosineDecay(0.05, 40)), {"m": keras.optimizers.SGD(schedules.ExponentialDecay(0.1, 4, 0.5), momentum=0.9)})}),
    ("RAdam_default", "RAdam", {"learning_rate": 0.001}),
    ("RAdam_beta0.8_0.9", "RAdam", {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Rprop_default", "Rprop", {"learning_rate": 0.01}),
    ("Rprop_etas", "Rprop", {"learning_rate": 0.05, "etas": [0.3, 1.6], "step_sizes": [0.02, 0.3]}),
    ("ASGD_lambd0.1", "ASGD", {"learning_rate": 0.05, "lambd": 0.1, "alpha": 0.5, "t0": 5.0}),
    ("LARS_trust0.1_wd", "LARS", {"learning_rate": 0.5, "trust_coefficient": 0.1, "weight_decay": 0.01}),
    ("Lookahead_SGD_k3", "Lookahead", {"inner_optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.1, "momentum": 0.8}}, "k": 3, "alpha": 0.6}),
    ("SGD_nesterov0.85_cosine_warmup", "SGD", {"learning_rate": schedules.CosineDecay(0.02, 12, 0.07, warmup_target=0.1, warmup_steps=4), "momentum": 0.85, "nesterov": True, "weight_decay": 0.01}),
]

SCHEDULES = [  # name, class, arguments
    ("ExponentialDecay", "ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
    ("ExponentialDecay_staircase", "ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("PiecewiseConstantDecay_one", "PiecewiseConstantDecay", {"boundaries": [10], "values": [1.0, 0.5]}),
    ("PiecewiseConstantDecay_three", "PiecewiseConstantDecay", {"boundaries": [5, 20, 99], "values": [0.2, 0.1, 0.3, 0.01]}),
    ("PolynomialDecay", "PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("PolynomialDecay_power2", "PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 21, "end_learning_rate": 0.01, "power": 2.0}),
    ("PolynomialDecay_rising_root", "PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 50, "end_learning_rate": 0.4, "power": 0.5}),
    ("PolynomialDecay_cycle", "PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "end_learning_rate": 0.01, "power": 1.5, "cycle": True}),
    ("InverseTimeDecay", "InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
    ("InverseTimeDecay_staircase", "InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 1.5, "staircase": True}),
    ("CosineDecay", "CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("CosineDecay_alpha0.1", "CosineDecay", {"initial_learning_rate": 0.3, "decay_steps": 31, "alpha": 0.1}),
    ("CosineDecay_warmup", "CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 20, "alpha": 0.07, "warmup_target": 0.1, "warmup_steps": 10}),
    ("CosineDecay_target_without_warmup", "CosineDecay", {"initial_learning_rate": 0.5, "decay_steps": 30, "warmup_target": 0.1}),
    ("CosineDecayRestarts", "CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10}),
    ("CosineDecayRestarts_equal_periods", "CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 1.0, "m_mul": 0.5, "alpha": 0.1}),
    ("OneCycle_cos", "OneCycle", {"max_lr": 0.5, "total_steps": 40, "pct_start": 0.3, "anneal_strategy": "cos", "div_factor": 25.0, "final_div_factor": 10000.0, "three_phase": False}),
    ("OneCycle_linear_three_phase", "OneCycle", {"max_lr": 0.5, "total_steps": 40, "pct_start": 0.3, "anneal_strategy": "cos", "div_factor": 25.0, "final_div_factor": 10000.0, "three_phase": False} | {"anneal_strategy": "linear", "three_phase": True, "pct_start": 0.4, "div_factor": 10.0}),
    ("Cyclic_triangular", "Cyclic", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 7, "step_size_down": None, "mode": "triangular", "gamma": 1.0}),
    ("Cyclic_triangular2_down3", "Cyclic", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 8, "step_size_down": 3, "mode": "triangular2", "gamma": 1.0}),
    ("Cyclic_exp_range", "Cyclic", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 5, "step_size_down": 9, "mode": "exp_range", "gamma": 0.97}),
    ("Noam_512", "Noam", {"d_model": 512, "warmup_steps": 30, "factor": 2.0}),
    ("Warmup_exponential", "Warmup", {"after": {"module": "keras.optimizers.schedules", "class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": False, "name": "ExponentialDecay"}, "registered_name": None}, "warmup_steps": 12, "start": 0.02}),
    ("CosineDecayRestarts_t_mul1.5", "CosineDecayRestarts", {"initial_learning_rate": 0.2, "first_decay_steps": 8, "t_mul": 1.5, "m_mul": 0.8}),
]

TEXTS = [
    "the quick brown fox jumps over the lazy dog near the river",
    "a model that translates well says what was meant",
    "it rains in the north and in the south of the country today",
]
TARGETS = [
    "the fast brown fox jumped over the lazy dog by the river bank",
    "a model which translates well says what it was meant to say",
    "today it rains in the north and the south of this country",
]

FUNCTIONS = [  # name, function, arguments: a list, or a function of a random generator that makes it
    ("lbfgs_6_steps", "lbfgs", [[3.0, -2.0, 0.5, 4.0], 0.7, 6, 100]),
    ("lbfgs_history2", "lbfgs", [[-1.0, 2.5, 2.0], 0.5, 9, 2]),
    ("lbfgs_to_the_end", "lbfgs", [[3.0, -2.0, 0.5, 4.0], 1.0, 20, 100]),
    ("lbfgs_strong_wolfe", "lbfgs", [[3.0, -2.0, 0.5, 4.0], 1.0, 8, 100, "strong_wolfe"]),
    ("lbfgs_strong_wolfe_long_steps", "lbfgs", [[-6.0, 5.0, 2.0], 20.0, 5, 3, "strong_wolfe"]),
    ("lbfgs_strong_wolfe_short_steps", "lbfgs", [[-1.0, 2.5, 2.0], 0.01, 6, 2, "strong_wolfe"]),
    ("lbfgs_strong_wolfe_to_the_end", "lbfgs", [[-9.0, 8.0, 0.5, 4.0, -3.0], 1.0, 40, 100, "strong_wolfe"]),
    ("expected_calibration_error_10", "expected_calibration_error", lambda rng: [exact(rng.uniform(0.01, 0.99, 60).astype(np.float32)), exact(rng.integers(0, 2, 60)), 10]),
    ("expected_calibration_error_7", "expected_calibration_error", lambda rng: [exact((rng.uniform(0.01, 0.99, 25) ** 0.3).astype(np.float32)), exact(rng.integers(0, 2, 25)), 7]),
    ("confusion_matrix", "confusion_matrix", lambda rng: [exact(rng.integers(0, 4, 50)), exact(rng.integers(0, 4, 50)), 4]),
    ("confusion_matrix_absent_class", "confusion_matrix", lambda rng: [exact(rng.integers(0, 3, 20)), exact(rng.integers(0, 2, 20)), 5]),
    ("classification_report", "classification_report", lambda rng: [exact(rng.integers(0, 4, 50)), exact(rng.integers(0, 4, 50)), 4]),
    ("classification_report_never_named", "classification_report", lambda rng: [exact(rng.integers(0, 3, 20)), exact(rng.integers(0, 2, 20)), 3]),
    ("perplexity", "perplexity", [3.25]),
    ("bleu_corpus", "bleu", [TEXTS, [[t] for t in TARGETS]]),
    ("bleu_two_references", "bleu", [TEXTS[:2], [[TARGETS[0], TEXTS[0] + " bank"], [TARGETS[1], "what was meant"]]]),
    ("bleu_smoothed", "bleu", [["the fox is quick", "rain"], [["a fox is here quick"], ["no rain today"]]]),
    ("bleu_nothing", "bleu", [["alpha beta"], [["gamma delta"]]]),
    ("chrf2", "chrf", [TEXTS, TARGETS, 2.0, 0]),
    ("chrf_plus_plus", "chrf", [TEXTS, TARGETS, 2.0, 2]),
    ("chrf_short", "chrf", [["ab"], ["abc"], 1.0, 0]),
    ("rouge_1", "rouge_n", [TEXTS[0], TARGETS[0], 1]),
    ("rouge_2", "rouge_n", [TEXTS[2], TARGETS[2], 2]),
    ("rouge_l", "rouge_l", [TEXTS[2], TARGETS[2]]),
    ("word_error_rate", "word_error_rate", [TEXTS, TARGETS]),
    ("character_error_rate", "character_error_rate", [TEXTS, TARGETS]),
    ("frechet_distance", "frechet_distance", lambda rng: [exact(rng.standard_normal((9, 3)).astype(np.float32)), exact((1 + 2 * rng.standard_normal((7, 3))).astype(np.float32))]),
    ("roc_area_ties", "roc_area", lambda rng: [exact(rng.integers(0, 2, 20)), exact((rng.integers(0, 9, 20) / 8).astype(np.float32))]),
    ("average_precision_ties", "average_precision", lambda rng: [exact(rng.integers(0, 2, 20)), exact((rng.integers(0, 9, 20) / 8).astype(np.float32))]),
    ("psnr", "psnr", lambda rng: [exact(rng.uniform(0, 1, (2, 3, 4, 2)).astype(np.float32)), exact(rng.uniform(0, 1, (2, 3, 4, 2)).astype(np.float32)), 1.0]),
    ("ssim", "ssim", lambda rng: [exact(rng.uniform(0, 255, (2, 12, 13, 2)).astype(np.float32)), exact(rng.uniform(0, 255, (2, 12, 13, 2)).astype(np.float32)), 255.0]),
]

# Every step at first, then some: starts and ends of periods among them.
SCHEDULE_STEPS = [*range(32), 49, 50, 51, 69, 70, 71, 98, 99, 100, 101, 149, 150, 1000]

INITIALIZERS = [  # name, class, arguments, shapes
    *[(name, name, {}, [(300, 200), (3, 3, 64, 96)]) for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal")],
    *[(name, name, {}, [(300, 200), (3, 3, 64, 96)]) for name in ("TruncatedNormal", "RandomNormal", "RandomUniform")],
    ("TruncatedNormal_2_0.3", "TruncatedNormal", {"mean": 2.0, "stddev": 0.3}, [(200, 300)]),
    ("RandomNormal_-1_0.5", "RandomNormal", {"mean": -1.0, "stddev": 0.5}, [(200, 300)]),
    ("RandomUniform_1_3", "RandomUniform", {"minval": 1.0, "maxval": 3.0}, [(200, 300)]),
    ("Orthogonal", "Orthogonal", {}, [(300, 200), (3, 3, 64, 96)]),
    ("Orthogonal_2", "Orthogonal", {"gain": 2.0}, [(100, 300)]),
    ("VarianceScaling_2_fan_avg_trunc", "VarianceScaling", {"scale": 2.0, "mode": "fan_avg"}, [(300, 200), (3, 3, 64, 96)]),
    ("VarianceScaling_1_fan_out_untrunc", "VarianceScaling", {"mode": "fan_out", "distribution": "untruncated_normal"}, [(300, 200), (3, 3, 64, 96)]),
    ("VarianceScaling_0.5_fan_in_uniform", "VarianceScaling", {"scale": 0.5, "distribution": "uniform"}, [(300, 200)]),
    # Heads of attention: several axes in, several out.
    ("GlorotUniform_axes", "GlorotUniform", {"input_axes": [0], "output_axes": [1, 2]}, [(100, 20, 40)]),
    ("HeNormal_axes", "HeNormal", {"input_axes": [0, 1], "output_axes": [2]}, [(20, 40, 100)]),
    ("LecunUniform_axes", "LecunUniform", {"input_axes": [-1], "output_axes": [0]}, [(300, 200)]),
    ("VarianceScaling_axes", "VarianceScaling", {"mode": "fan_avg", "input_axes": [1, 2], "output_axes": [0, 3]}, [(9, 30, 5, 50)]),
    # Nothing is drawn.
    ("Zeros", "Zeros", {}, [(2, 3)]),
    ("Ones", "Ones", {}, [(2, 3)]),
    ("Constant_0.3", "Constant", {"value": 0.3}, [(2, 2, 2)]),
    ("Identity_2", "Identity", {"gain": 2.0}, [(3, 5)]),
    ("Identity", "Identity", {}, [(4, 2)]),
    ("STFT", "STFT", {}, [(8, 1, 5)]),
    ("STFT_imag_spectrum_periodic", "STFT", {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": True}, [(6, 1, 5)]),
    ("STFT_real_plain", "STFT", {"window": None, "scaling": None}, [(4, 1, 3)]),
]

REGULARIZERS = [  # name, kind, class, arguments
    ("L1L2_0.01_0.02", "regularizer", "L1L2", {"l1": 0.01, "l2": 0.02}),
    ("L2_0.1", "regularizer", "L2", {"l2": 0.1}),
    ("L1_0.5", "regularizer", "L1", {"l1": 0.5}),
    ("OrthogonalRegularizer_rows", "regularizer", "OrthogonalRegularizer", {"factor": 0.3, "mode": "rows"}),
    ("OrthogonalRegularizer_columns_0.1", "regularizer", "OrthogonalRegularizer", {"factor": 0.1, "mode": "columns"}),
    ("MaxNorm_default", "constraint", "MaxNorm", {"max_value": 2.0, "axis": 0}),
    ("MaxNorm_both_axes", "constraint", "MaxNorm", {"max_value": 1.5, "axis": [0, 1]}),
    ("MinMaxNorm_rate0.7_last_axis", "constraint", "MinMaxNorm", {"min_value": 1.2, "max_value": 1.6, "rate": 0.7, "axis": -1}),
    ("MinMaxNorm_default", "constraint", "MinMaxNorm", {"min_value": 0.0, "max_value": 1.0, "rate": 1.0, "axis": 0}),
    ("UnitNorm_axis1", "constraint", "UnitNorm", {"axis": 1}),
    ("NonNeg_plain", "constraint", "NonNeg", {}),
]


def exact(value):
    """A float32 array as nested lists of its exact values."""
    return np.asarray(value).tolist()


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def draw(rng, kind, shape):
    """(y_true, y_pred) of one kind; after an @ the axis at which the classes stand."""
    if "@" in kind:
        kind, axis = kind.split("@")
        return tuple(np.moveaxis(y, -1, int(axis)) for y in draw(rng, kind, shape))
    normal = rng.standard_normal(shape)
    if kind == "reg":
        return rng.standard_normal(shape).astype(np.float32), normal.astype(np.float32)
    if kind == "edges":  # predictions on and beside the thresholds, 0 and 1 among them
        return rng.integers(0, 2, shape).astype(np.float32), (rng.integers(0, 9, shape) / 8).astype(np.float32)
    if kind == "sortedids":
        ids = np.stack([rng.permutation(shape[-1] + 2)[: shape[-1]] for _ in range(shape[0])])
        return rng.integers(0, shape[-1], shape[:1]).astype(np.int32), ids.astype(np.float32)
    if kind == "wide":
        return rng.standard_normal(shape).astype(np.float32), (30 * normal).astype(np.float32)
    if kind == "zeros":
        return np.round(rng.standard_normal(shape)).astype(np.float32), normal.astype(np.float32)
    if kind == "pos":
        return rng.uniform(0, 3, shape).astype(np.float32), rng.uniform(0.1, 3, shape).astype(np.float32)
    if kind == "dist":
        return softmax(rng.standard_normal(shape)).astype(np.float32), softmax(normal).astype(np.float32)
    if kind == "circle":
        unit = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
        return rng.integers(0, 3, shape[:1]).astype(np.int32), unit.astype(np.float32)
    if kind == "vectors":
        return rng.permutation(np.arange(shape[0]) % 3).astype(np.int32), normal.astype(np.float32)
    if kind == "cosines":
        return rng.integers(0, shape[-1], shape[:-1]).astype(np.int32), rng.uniform(-0.97, 0.97, shape).astype(np.float32)
    if kind == "means":
        return rng.standard_normal(shape).astype(np.float32), np.concatenate([normal, rng.uniform(0.1, 2, shape)], -1).astype(np.float32)
    if kind.startswith("ctc"):
        batch, steps, classes = shape
        labels = rng.integers(1, classes, (batch, steps // 2)).astype(np.int32)
        for row, length in enumerate(rng.integers(0, steps // 2 + 1, batch)):
            labels[row, max(length, row % 2) :] = 0
        return labels, (np.zeros(shape) if kind == "ctceven" else normal).astype(np.float32)
    if kind == "values":
        return None, normal.astype(np.float32)
    if kind == "intpair":
        return rng.integers(0, 4, shape).astype(np.int32), rng.integers(0, 4, shape).astype(np.int32)
    if kind.startswith("bin"):
        y_true = rng.integers(0, 2, shape).astype(np.float32)
        y_pred = {"bin": rng.uniform(0.02, 0.98, shape), "binlogit": 2 * normal, "binsaturated": np.round(rng.uniform(0, 1, shape))}[kind]
        return y_true, y_pred.astype(np.float32)
    family = "sparse" if kind.startswith("sparse") else "cat"
    y_pred = {
        "": softmax(normal),
        "logit": 2 * normal,
        "unnormalized": 0.1 + np.abs(normal),
        "coarse": np.round(normal) / 2,
        "saturated": np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])],
    }[kind.removeprefix(family)]
    labels = rng.integers(0, shape[-1], shape[:-1]).astype(np.int32)
    y_true = labels if family == "sparse" else np.eye(shape[-1], dtype=np.float32)[labels]
    return y_true, y_pred.astype(np.float32)


def array(value):
    """The recorded list as Keras gets it: integers int32, the rest float32."""
    value = np.asarray(value)
    return value.astype(np.int32 if value.dtype.kind in "iu" else np.float32)


class Reference(keras.losses.Loss):
    """A loss that Keras lacks, under Keras's reductions."""

    def __init__(self, function, reduction="sum_over_batch_size", **arguments):
        super().__init__(reduction=reduction)
        self.function, self.arguments = function, arguments

    def __call__(self, y_true, y_pred, sample_weight=None):
        self.targets = y_true  # Keras would make class numbers floats.
        return super().__call__(tf.cast(y_true, tf.float32), y_pred, sample_weight)

    def call(self, y_true, y_pred):
        return self.function(self.targets, y_pred, **self.arguments)


def loss_of(case):
    """What makes the loss of a case from its arguments."""
    if case["loss"] in references.LOSSES:
        return functools.partial(Reference, references.LOSSES[case["loss"]])
    return getattr(keras.losses, case["loss"])


def loss_case(case):
    """Computes one loss case again from its recorded inputs."""
    cls, args = loss_of(case), case["args"]
    y_true, y_pred = array(case["y_true"]), tf.constant(array(case["y_pred"]))
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = cls(**args)(y_true, y_pred)
    made = {k: case[k] for k in ("name", "loss", "args", "y_true", "y_pred")}
    made["value"] = exact(value)
    made["grad_y_pred"] = exact(tape.gradient(value, y_pred))
    if args.get("reduction", "") is None:
        made["per_sample"] = made.pop("value")
    if "reduction" not in args:
        made["per_sample"] = exact(cls(**args, reduction=None)(y_true, y_pred))
    if "sample_weight" in case:
        weight = np.asarray(case["sample_weight"], np.float32)
        made["sample_weight"] = case["sample_weight"]
        made["value_weighted"] = exact(cls(**args)(y_true, y_pred, sample_weight=weight))
    return made


def new_loss(name, loss, args, kind, shape, rng):
    y_true, y_pred = draw(rng, kind, shape)
    case = {"name": name, "loss": loss, "args": args, "y_true": exact(y_true), "y_pred": exact(y_pred)}
    if "reduction" not in args and len(shape) == 2 and args.get("axis") != 0:
        case["sample_weight"] = exact(rng.uniform(0.2, 2, shape[0]).astype(np.float32))
    return case


def metric_case(case):
    """Computes one metric case again from its recorded batches."""
    cls, args = references.METRICS.get(case["metric"]) or getattr(keras.metrics, case["metric"]), {k: np.asarray(v, np.float32) if k == "label_weights" else v for k, v in case["args"].items()}
    plain, weighted, results = cls(**args), cls(**args), []
    for batch in case["batches"]:
        y = [array(batch["y_pred"])] if batch["y_true"] is None else [array(batch["y_true"]), array(batch["y_pred"])]
        plain.update_state(*y)
        results.append(exact(plain.result()))
        if "sample_weight" in batch:
            weighted.update_state(*y, sample_weight=np.asarray(batch["sample_weight"], np.float32))
    made = {k: case[k] for k in ("name", "metric", "args", "batches")}
    made |= {"result_after_each": results, "result": results[-1]}
    if "result_weighted" in case or "sample_weight" in case["batches"][0]:
        made["result_weighted"] = exact(weighted.result())
    return made


def new_metric(name, metric, args, kind, shapes, rng):
    batches = []
    for shape in shapes:
        y_true, y_pred = draw(rng, kind, shape)
        batch = {"y_true": None if y_true is None else exact(y_true), "y_pred": exact(y_pred)}
        batch["sample_weight"] = exact(rng.uniform(0.2, 2, shape[0]).astype(np.float32))
        if metric == "Accuracy" and len(shape) > 1 or kind == "intpair" and len(shape) > 1 or metric in ("OneHotIoU", "TrueNegatives") or metric == "BinaryIoU" and shape[-1] > 1:
            del batch["sample_weight"]  # Keras takes no weights of samples here
        batches.append(batch)
    return {"name": name, "metric": metric, "args": args, "batches": batches}


def optimizer_case(case):
    """Feeds the recorded gradients again and records the learning rate and weights of each step."""
    made = {k: case[k] for k in ("name", "optimizer", "config", "init")}
    arrays = [np.asarray(v, np.float32) for v in case["init"]]
    rates, weights = [], []
    if case["optimizer"] in references.OPTIMIZERS:
        grads = [[np.asarray(g, np.float32) for g in step] for step in case["grads"]]
        config = case["config"]
        rate = config.get("learning_rate") or config["inner_optimizer"]["config"]["learning_rate"]
        for after in references.OPTIMIZERS[case["optimizer"]](config, arrays, grads):
            rates.append(rate)
            weights.append([exact(np.asarray(v, np.float32)) for v in after])
        return made | {"learning_rate": rates, "grads": case["grads"], "weights": weights}
    optimizer = getattr(keras.optimizers, case["optimizer"]).from_config(copy.deepcopy(case["config"]))
    variables = [keras.Variable(v, name=n) for v, n in zip(arrays, "wm", strict=True)]
    optimizer.build(variables)
    several = case["optimizer"] == "MultiOptimizer"
    first = optimizer._optimizer_map.default_optimizer if several else optimizer
    for grads in case["grads"]:
        rates.append(exact(first.learning_rate))
        optimizer.apply([tf.constant(g, tf.float32) for g in grads], variables)
        weights.append([exact(v.numpy()) for v in variables])
    return made | {"learning_rate": rates, "grads": case["grads"], "weights": weights}


def new_optimizer(name, kind, args, rng):
    shapes = [(5,), (3, 4)]
    return {
        "name": name,
        "optimizer": kind,
        "config": args if kind in references.OPTIMIZERS else getattr(keras.optimizers, kind)(**args, name=kind.lower()).get_config(),
        "init": [exact(rng.standard_normal(s).astype(np.float32)) for s in shapes],
        "grads": [[exact(rng.standard_normal(s).astype(np.float32)) for s in shapes] for _ in range(20)],
    }


def schedule_case(case):
    """Computes the rate at each recorded step again."""
    made = {k: case[k] for k in ("name", "schedule", "config", "steps")}
    if case["schedule"] in references.SCHEDULES:
        return made | {"values": references.SCHEDULES[case["schedule"]](case["config"], case["steps"])}
    schedule = getattr(schedules, case["schedule"]).from_config(copy.deepcopy(case["config"]))
    rates = [float(schedule(keras.ops.convert_to_tensor(step, "int32"))) for step in case["steps"]]
    return made | {"values": rates}


def new_schedule(name, schedule, args, rng):
    config = args if schedule in references.SCHEDULES else getattr(schedules, schedule)(**args).get_config()
    return {"name": name, "schedule": schedule, "config": config, "steps": SCHEDULE_STEPS}


def regularizer_case(case):
    """Computes one regularizer's penalty and gradient, or what one constraint makes of a weight, again."""
    name = case["name"].split("_")[0]
    x = tf.constant(case["input"], tf.float32)
    if case["kind"] == "constraint":
        made = {k: case[k] for k in ("kind", "name", "config", "input")}
        return made | {"output": exact(getattr(keras.constraints, name)(**case["config"])(x))}
    cls = getattr(keras.regularizers, name)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = cls(**case["config"])(x)
    made = {k: case[k] for k in ("kind", "name", "config", "input")}
    return made | {"value": exact(value), "grad": exact(tape.gradient(value, x))}


def initializer_case(case):
    """Draws once more: the sample's statistics, or its values where nothing is left to chance."""
    made = {k: case[k] for k in ("name", "class_name", "config", "shape")}
    initializer = getattr(keras.initializers, case["class_name"])
    drawn = "seed" in inspect.signature(initializer).parameters
    x = np.asarray(initializer(**case["config"], **({"seed": 1} if drawn else {}))(tuple(case["shape"])), np.float64)
    if not drawn:
        return made | {"values": exact(x.astype(np.float32))}
    return made | {"mean": float(x.mean()), "std": float(x.std()), "min": float(x.min()), "max": float(x.max())}


def function_case(case):
    """Computes one function of texts, curves or pictures again."""
    made = {k: case[k] for k in ("name", "function", "arguments")}
    return made | {"value": references.FUNCTIONS[case["function"]](*case["arguments"])}


def new_function(name, function, arguments, rng):
    return {"name": name, "function": function, "arguments": arguments(rng) if callable(arguments) else arguments}


def make(folder, report, write):
    """Makes every JSON case again, adds the new ones; calls report(name, deviation)."""
    initializers = [(f"{name}_{'x'.join(map(str, shape))}", kind, args, shape) for name, kind, args, shapes in INITIALIZERS for shape in shapes]
    kinds = {
        "initializers.json": (
            initializer_case,
            lambda name, kind, args, shape, rng: {"name": name, "class_name": kind, "config": args, "shape": list(shape)},
            initializers,
        ),
        "losses.json": (loss_case, new_loss, LOSSES),
        "metrics.json": (metric_case, new_metric, METRICS),
        "optimizers.json": (optimizer_case, new_optimizer, OPTIMIZERS),
        "schedules.json": (schedule_case, new_schedule, SCHEDULES),
        "functions.json": (function_case, new_function, FUNCTIONS),
        "regularizers_constraints.json": (
            regularizer_case,
            lambda name, kind, _, config, rng: {
                "kind": kind,
                "name": name,
                "config": config,
                "input": exact(rng.standard_normal((4, 3)).astype(np.float32)),
            },
            REGULARIZERS,
        ),
    }
    for file, (compute, new, table) in kinds.items():
        document = json.loads((folder / file).read_text())
        stored = {c["name"]: c for c in document["cases"]}
        todo = dict(stored)
        for row in table:
            todo[row[0]] = new(*row, np.random.default_rng(zlib.crc32(row[0].encode())))
        made = []
        for name, case in todo.items():
            made.append(compute(case))
            report(f"{file}: {name}", case_file.worst(stored[name], made[-1]) if name in stored else None)
        if write:
            document["version"] = {"keras": keras.__version__, "backend": f"tensorflow {tf.__version__}", "dtype": "float32"}
            document["cases"] = made
            case_file.write_json(folder / file, document, separators=(",", ":"))
