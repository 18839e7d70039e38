# SPDX-License-Identifier: BSD-3-Clause
"""Published works that the methods are from."""

QI = (
    "Qi, Gong, Liu, Liu, Zheng, Wang. Multi-task MR imaging with iterative teacher forcing and "
    "re-weighted deep learning. arXiv, 2020."
)
D5C5 = (
    "Schlemper, Caballero, Hajnal, Price, Rueckert. A deep cascade of convolutional neural networks "
    "for dynamic MR image reconstruction. IEEE Trans. Med. Imaging 37(2), 2018."
)
UNET = (
    "Ronneberger, Fischer, Brox. U-Net: convolutional networks for biomedical image segmentation. "
    "MICCAI, 2015."
)
SEGNETMRI = (
    "Sun, Fan, Ding, Huang, Paisley. Joint CS-MRI reconstruction and segmentation with a unified "
    "deep network. IPMI, 2019. arXiv 1805.02165."
)
LATENT = (
    "Schlemper, Oktay, Bai, Castro, Duan, Qin, Hajnal, Rueckert. Cardiac MR segmentation from "
    "undersampled k-space using deep latent representation learning. MICCAI, 2018."
)
SERANET = (
    "Huang, Chen, Metaxas, Nadar. Brain segmentation from k-space with end-to-end recurrent "
    "attention network. MICCAI, 2019. arXiv 1812.02068."
)
FRNET = (
    "Huang, Yang, Yi, Axel, Metaxas. FR-Net: joint reconstruction and segmentation in compressed "
    "sensing cardiac MRI. FIMH, 2019."
)
CABALLERO = (
    "Caballero, Bai, Price, Rueckert, Hajnal. Application-driven MRI: joint reconstruction and "
    "segmentation from undersampled MRI data. MICCAI, 2014."
)
LUSTIG = (
    "Lustig, Donoho, Pauly. Sparse MRI: the application of compressed sensing for rapid MR imaging. "
    "Magn. Reson. Med. 58(6), 2007."
)
CHAMBOLLE = (
    "Chambolle, Pock. A first-order primal-dual algorithm for convex problems with applications to "
    "imaging. J. Math. Imaging Vis. 40, 2011."
)
FISTA = (
    "Beck, Teboulle. A fast iterative shrinkage-thresholding algorithm for linear inverse problems. "
    "SIAM J. Imaging Sci. 2(1), 2009."
)
SIGPY = "Ong, Lustig. SigPy: a Python package for high performance iterative reconstruction. ISMRM, 2019."
