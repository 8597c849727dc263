// All named components, in the order in which the document lists them.
import * as common from './common.ts';
import * as listener from './listener.ts';
import * as ramBlock from './ram-block.ts';

export const COMPONENTS = [
  common.Bytes,
  common.Count,
  common.ByteSize,
  common.Section,
  common.NewSection,
  common.Problem,
  ramBlock.NewRamBlock,
  ramBlock.RamBlock,
  ramBlock.RamBlockList,
  ramBlock.RangeState,
  ramBlock.SectionList,
  ramBlock.NewConversion,
  ramBlock.SourceChange,
  ramBlock.Conversion,
  ramBlock.ConversionList,
  ramBlock.NewSource,
  ramBlock.Source,
  ramBlock.SourceList,
  listener.NewListener,
  listener.Listener,
  listener.RegisteredListener,
  listener.ListenerList,
  listener.Delivery,
  listener.DeliveryList,
  listener.PopulateWebhook,
  listener.DiscardWebhook,
];
