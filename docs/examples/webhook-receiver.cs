// Receives Heliograph's webhooks: checks signature, timestamp and replay, answers at once. .NET 6 or newer, or Mono; nothing to install.
//   .NET:  dotnet new console -o receiver && cp docs/examples/webhook-receiver.cs receiver/Program.cs && WEBHOOK_SECRET=whsec_… dotnet run --project receiver
//   Mono:  mcs -out:receiver.exe docs/examples/webhook-receiver.cs && WEBHOOK_SECRET=whsec_… mono receiver.exe
// PORT, default 8000. While a secret rotates give both, separated by a space. Put a proxy with TLS in front.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;

static class WebhookReceiver
{
    const int BodyOctetsMax = 65536;
    const int SeenMax = 100000;

    static readonly byte[][] keys = Setting("WEBHOOK_SECRET", "").Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries)
        .Select(secret => Convert.FromBase64String(Regex.Replace(secret, "^whsec_", ""))).ToArray();
    static readonly double toleranceSeconds = double.Parse(Setting("WEBHOOK_TOLERANCE_SECONDS", "300"), CultureInfo.InvariantCulture);

    // Ids that were received, and their order. Keep yours in a database, with a unique index, for 4 days: that long a report may be tried again.
    static readonly HashSet<string> seen = new HashSet<string>();
    static readonly Queue<string> order = new Queue<string>();

    static void Main()
    {
        if (keys.Length == 0 || keys.Any(key => key.Length < 24)) throw new Exception("set WEBHOOK_SECRET to what GET /v1/webhook shows");
        Console.OutputEncoding = new UTF8Encoding(false);
        var port = Setting("PORT", "8000");
        var listener = new HttpListener();
        listener.Prefixes.Add("http://127.0.0.1:" + port + "/");
        listener.Start();
        Console.WriteLine("listening on http://127.0.0.1:" + port);
        while (true)
        {
            var context = listener.GetContext();
            ThreadPool.QueueUserWorkItem(_ => Handle(context));
        }
    }

    static void Handle(HttpListenerContext context)
    {
        try
        {
            var request = context.Request;
            if (request.HttpMethod != "POST")
            {
                context.Response.AddHeader("Allow", "POST");
                Answer(context, 405, "");
                return;
            }
            var body = ReadBody(request.InputStream);
            if (body == null)
            {
                context.Response.KeepAlive = false;
                Answer(context, 413, "");
                return;
            }
            var wrong = Refusal(request.Headers["webhook-id"], request.Headers["webhook-timestamp"], request.Headers["webhook-signature"], body);
            if (wrong != null)
            {
                Answer(context, 400, wrong + "\n");
                return;
            }
            Receive(request.Headers["webhook-id"], body);
            // Also when it came before: it is here, and need not be sent again.
            Answer(context, 204, "");
        }
        catch (Exception)
        {
            context.Response.Abort(); // the sender went away in the middle
        }
    }

    /// <summary>Null when all is well, else what is wrong.</summary>
    static string Refusal(string id, string timestamp, string signatures, byte[] body)
    {
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(timestamp) || string.IsNullOrEmpty(signatures)) return "not signed";
        if (!Regex.IsMatch(timestamp, @"\A[0-9]{1,15}\z")) return "too old, or from the future";
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        if (Math.Abs(now - long.Parse(timestamp, CultureInfo.InvariantCulture)) > toleranceSeconds) return "too old, or from the future";
        // The body exactly as it came: parsed and written again it would be another one.
        var signed = Encoding.UTF8.GetBytes(id + "." + timestamp + ".").Concat(body).ToArray();
        var given = signatures.Split(' ').Where(entry => entry.StartsWith("v1,", StringComparison.Ordinal)).Select(entry => Decoded(entry.Substring(3))).ToArray();
        foreach (var key in keys)
        {
            using (var hmac = new HMACSHA256(key))
            {
                var expected = hmac.ComputeHash(signed);
                if (given.Any(one => EqualInConstantTime(one, expected))) return null;
            }
        }
        return "wrong signature";
    }

    /// <summary>Takes the same time wherever they differ; with .NET alone use CryptographicOperations.FixedTimeEquals.</summary>
    static bool EqualInConstantTime(byte[] a, byte[] b)
    {
        var difference = a.Length ^ b.Length;
        for (var i = 0; i < b.Length; i++) difference |= (i < a.Length ? a[i] : 0) ^ b[i];
        return difference == 0;
    }

    static byte[] Decoded(string base64)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException)
        {
            return new byte[0];
        }
    }

    /// <summary>Store it here, and do what takes time afterwards: an answer must come within 15 seconds.</summary>
    static void Receive(string id, byte[] body)
    {
        lock (seen)
        {
            if (!seen.Add(id))
            {
                Console.WriteLine("again " + id);
                return;
            }
            order.Enqueue(id);
            if (order.Count > SeenMax) seen.Remove(order.Dequeue());
        }
        Console.WriteLine("received " + id + " " + Encoding.UTF8.GetString(body));
    }

    static byte[] ReadBody(Stream stream)
    {
        var body = new MemoryStream();
        var buffer = new byte[8192];
        for (int octets; (octets = stream.Read(buffer, 0, buffer.Length)) > 0;)
        {
            body.Write(buffer, 0, octets);
            if (body.Length > BodyOctetsMax) return null;
        }
        return body.ToArray();
    }

    static void Answer(HttpListenerContext context, int status, string text)
    {
        var octets = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = status;
        if (status != 204) context.Response.ContentLength64 = octets.Length;
        if (octets.Length > 0) context.Response.OutputStream.Write(octets, 0, octets.Length);
        context.Response.Close();
    }

    static string Setting(string name, string otherwise)
    {
        var value = Environment.GetEnvironmentVariable(name);
        return string.IsNullOrEmpty(value) ? otherwise : value;
    }
}
