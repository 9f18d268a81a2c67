// Turns a photograph into a small WebP and a grey PNG, with sharp.
import sharp from 'sharp';

export const handler = async (event) => {
  const photo = sharp(Buffer.from(event.image, 'base64'));
  const { width, height, format } = await photo.metadata();
  const small = photo.clone().resize({ width: event.width });
  const [webp, grey] = await Promise.all([
    small.clone().webp({ quality: 80 }).toBuffer({ resolveWithObject: true }),
    small.clone().toColourspace('b-w').png().toBuffer({ resolveWithObject: true }),
  ]);
  const stats = await sharp(grey.data).stats();
  return {
    original: { width, height, format },
    webp: {
      width: webp.info.width,
      height: webp.info.height,
      image: webp.data.toString('base64'),
    },
    grey: {
      channels: grey.info.channels,
      mean: Math.round(stats.channels[0].mean),
      image: grey.data.toString('base64'),
    },
  };
};
