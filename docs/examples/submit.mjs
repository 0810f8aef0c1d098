// Sends one message by SMPP with npm `smpp` and waits for its delivery receipt.
//   node docs/examples/submit.mjs smpp://127.0.0.1:2775 SYSTEM_ID PASSWORD [TO] [TEXT]     (ssmpp://127.0.0.1:2776 for TLS)
import smpp from 'smpp';

const [url, system_id, password, destination_addr = '15551234567', short_message = 'Hello by SMPP'] = process.argv.slice(2);
const session = smpp.connect({ url, rejectUnauthorized: false });

const failed = (what) => {
  console.error(what);
  process.exit(1);
};
session.on('error', (error) => failed(error.message));

session.on(url.startsWith('ssmpp') ? 'secureConnect' : 'connect', () => {
  session.bind_transceiver({ system_id, password }, (bound) => {
    if (bound.command_status !== 0) failed(`bind refused: 0x${bound.command_status.toString(16)}`);
    const message = { source_addr: 'Helio', source_addr_ton: 5, destination_addr, dest_addr_ton: 1, dest_addr_npi: 1 };
    session.submit_sm({ ...message, registered_delivery: 1, short_message }, (answer) => {
      if (answer.command_status !== 0) failed(`submit refused: 0x${answer.command_status.toString(16)}`);
      console.log(`submit_sm_resp  message_id ${answer.message_id}`);
    });
  });
});

session.on('deliver_sm', (receipt) => {
  session.send(receipt.response());
  console.log(`deliver_sm      ${receipt.short_message.message}`);
  session.unbind(() => session.close());
});
